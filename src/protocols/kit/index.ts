// A kit for authors of protocols, entry `calandria/protocols/kit`. It needs no test runner.
//
//   import { examine, expectSame } from 'calandria/protocols/kit';
//
//   test('an echo by lines does not care how its bytes are cut', async () => {
//     const echo = { name: 'echo', data: (link, text) => void link.write(text) };
//     const subject = () => pipeline(line(), echo);
//     const { reference } = expectSame(await examine(subject, 'one\ntwo\r\nthree\n'));
//     expect(reference.said.toString()).toBe('one\ntwo\nthree\n');
//   });
export {
  type Difference,
  type Examination,
  type ExamineOptions,
  examine,
  expectSame,
} from './examine';
export type { Plan, Stop } from './plans';
export { type Conduct, type Note, type PlayOptions, play, type Subject } from './play';
export type { Script, Step } from './script';
