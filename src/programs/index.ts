// Programs that come with the package. A trace's header names the program that ran; a replay finds
// those of this table by that name, and asks for a module for any other.
import type { Program } from '../trace/program-replay';
import { type EchoParameters, echo } from './echo';
import type { ServeParameters } from './serve';

export const PROGRAMS: Readonly<Record<string, Program>> = {
  // What a trace's header says is checked by listen(), like any caller's options.
  echo: (reactor, parameters) => echo(reactor, parameters as unknown as EchoParameters),
  // Loaded when it is asked for: whoever replays an echo needs no web server.
  serve: (reactor, parameters) => {
    const { serveFolder } = require('./serve') as typeof import('./serve');
    return serveFolder(reactor, parameters as unknown as ServeParameters);
  },
};

/** The built-in program of that name. */
export function builtInProgram(name: string): Program | undefined {
  return Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
}
