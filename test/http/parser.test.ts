// The parsers alone: what they say of the same bytes, and the file that llhttp is.
import { LlhttpParser } from '../../src/http/llhttp';
import {
  instantiateLlhttp,
  LLHTTP_EXPORTS,
  type LlhttpCallbacks,
  readLlhttp,
} from '../../src/http/llhttp-module';
import { type RequestParser, SPAN_WORDS } from '../../src/http/parser';
import { StrictParser } from '../support/strict-parser';

const callbacks: LlhttpCallbacks = {
  wasm_on_message_begin: () => 0,
  wasm_on_url: () => 0,
  wasm_on_status: () => 0,
  wasm_on_header_field: () => 0,
  wasm_on_header_value: () => 0,
  wasm_on_headers_complete: () => 0,
  wasm_on_body: () => 0,
  wasm_on_message_complete: () => 0,
};

/** The file with another name in the place of one. */
function renamed(name: string): Buffer {
  const code = Buffer.from(readLlhttp());
  const at = code.indexOf(name);
  expect(at).toBeGreaterThan(0);
  code.write(name.replace(/.$/, '?'), at, 'latin1');
  return code;
}

describe('parser: the file', () => {
  test('parser: the file has all that is needed of it, and asks for what there is', () => {
    expect(() => instantiateLlhttp(readLlhttp(), callbacks)).not.toThrow();
    const asked = WebAssembly.Module.imports(new WebAssembly.Module(readLlhttp() as never));
    expect(asked.map(({ name }) => name).sort()).toEqual(Object.keys(callbacks).sort());
  });

  test.each(Object.keys(LLHTTP_EXPORTS))(
    'parser: a file without the export %s is refused by name',
    (name) => {
      const attempt = (): unknown => instantiateLlhttp(renamed(name), callbacks);
      expect(attempt).toThrow(new RegExp(`has no (function|memory) ${name} `));
      expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_CALANDRIA_CORE' }));
    },
  );

  test.each(Object.keys(callbacks))(
    'parser: a file that asks for another import than %s is refused by name',
    (name) => {
      const attempt = (): unknown => instantiateLlhttp(renamed(name), callbacks);
      expect(attempt).toThrow(`asks for the function env.${name.replace(/.$/, '?')}`);
    },
  );

  test('parser: what is no WebAssembly is refused', () => {
    expect(() => instantiateLlhttp(Buffer.from('no'), callbacks)).toThrow('is no WebAssembly');
  });
});

const PARSERS: readonly [string, (headers: number, targetBytes: number) => RequestParser][] = [
  ['llhttp', (headers, targetBytes) => new LlhttpParser({ headers, targetBytes })],
  ['another parser', (headers, targetBytes) => new StrictParser({ headers, targetBytes })],
];

describe.each(PARSERS)('parser: %s', (_, make) => {
  const bytes = Buffer.from(
    'POST /a?b HTTP/1.1\r\nHost: a\r\nEmpty:\r\nB: \t c \r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\nE:\r\n\r\n',
  );
  const END = bytes.length;

  const texts = (parser: RequestParser): string[][] =>
    Array.from({ length: parser.fields }, (_, place) => {
      const [a, b, c, d] = parser.spans.subarray(place * SPAN_WORDS) as unknown as number[];
      return [bytes.toString('latin1', a, b), bytes.toString('latin1', c, d).trim()];
    });

  test('R2.33: places are those of the bytes, wherever the input is cut', () => {
    for (let cut = 0; cut <= END; cut++) {
      const parser = make(10, 100);
      const body: string[] = [];
      let at = 0;
      for (const to of [cut, END]) {
        // As if it lay 1000 bytes further on.
        at = parser.execute(bytes, at, to, 1000 + at);
        const { bodies } = parser;
        for (let run = 0; run < bodies.length; run += 2) {
          body.push(bytes.toString('latin1', bodies[run], bodies[run + 1]));
        }
      }
      parser.shift(-1000, 0);
      expect([at, parser.complete, parser.fault, parser.method, parser.minor]).toEqual([
        END,
        true,
        '',
        'POST',
        1,
      ]);
      expect(bytes.toString('latin1', parser.targetStart, parser.targetEnd)).toBe('/a?b');
      expect([parser.headers, texts(parser), body.join('')]).toEqual([
        4,
        [
          ['Host', 'a'],
          ['Empty', ''],
          ['B', 'c'],
          ['Transfer-Encoding', 'chunked'],
          ['T', 'u'],
          ['E', ''],
        ],
        'abcde',
      ]);
      parser.free();
    }
  });

  test('parser: it stops behind a message, and after reset() reads the next one', () => {
    const parser = make(10, 100);
    const two = Buffer.concat([bytes, bytes.subarray(0, 30)]);
    expect(parser.execute(two, 0, two.length, 0)).toBe(END);
    parser.reset();
    expect([
      parser.begun,
      parser.headComplete,
      parser.complete,
      parser.fields,
      parser.method,
    ]).toEqual([false, false, false, 0, '']);
    expect(parser.execute(two, END, two.length, END)).toBe(two.length);
    expect([parser.begun, parser.headComplete]).toEqual([true, false]);
    parser.free();
  });

  test('parser: after a fault reset() makes it as new', () => {
    const parser = make(10, 100);
    parser.execute(Buffer.from('GET \0'), 0, 5, 0);
    expect(parser.fault).not.toBe('');
    parser.reset();
    expect(parser.execute(bytes, 0, END, 0)).toBe(END);
    expect([parser.fault, parser.complete]).toEqual(['', true]);
    parser.free();
  });

  test('parser: bounds are exact', () => {
    const target = make(10, 4);
    target.execute(bytes, 0, END, 0);
    expect([target.overflow, target.complete]).toEqual(['', true]);
    const longer = make(10, 3);
    longer.execute(bytes, 0, END, 0);
    expect([longer.overflow, longer.complete, longer.fault !== '']).toEqual([
      'target',
      false,
      true,
    ]);
    const fields = make(6, 100);
    fields.execute(bytes, 0, END, 0);
    expect([fields.overflow, fields.complete]).toEqual(['', true]);
    const fewer = make(5, 100);
    fewer.execute(bytes, 0, END, 0);
    expect([fewer.overflow, fewer.headComplete, fewer.complete]).toEqual(['headers', true, false]);
    for (const parser of [target, longer, fields, fewer]) parser.free();
  });

  test('parser: two parsers in turns do not see each other', () => {
    const parsers = [make(10, 100), make(10, 100)];
    for (let at = 0; at < END; at += 5) {
      for (const parser of parsers) parser.execute(bytes, at, Math.min(END, at + 5), at);
    }
    for (const parser of parsers) {
      expect([parser.complete, texts(parser)[5]]).toEqual([true, ['E', '']]);
      parser.free();
    }
  });
});
