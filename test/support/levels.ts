// Hosts that are made of a kernel's levels (host/watches.h), those of them that can run here.
import { type Host, poll, select } from '../../src';
import { runnable } from './conformance';

export interface LevelHost {
  readonly name: string;
  readonly host: () => Host;
}

const ALL: readonly LevelHost[] = [
  { name: 'poll', host: poll },
  { name: 'select', host: select },
];

export const LEVEL_HOSTS = ALL.filter(({ name }) => runnable.some((each) => each.name === name));
