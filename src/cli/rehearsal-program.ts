import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentLaunch } from '../session/record.ts';
import { version } from '../version.ts';
import type { Io } from './io.ts';

/** The agent that needs no model, no account and no network. */
export const REHEARSAL = 'rehearsal';

/** Settings of it that pass from a caller's environment to the agent's. */
const PASSED_ON = ['CONDUXT_REHEARSAL_DELAY_MS', 'CONDUXT_REHEARSAL_ASK'];

/** How the bundled rehearsal agent is started: with this very Node, from beside this program or from its source. */
export function rehearsalLaunch(env: Io['env'], home: string): AgentLaunch {
  const script = bundledProgram('rehearsal-agent');
  return {
    name: REHEARSAL,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', script],
    env: {
      CONDUXT_REHEARSAL_STATE: env['CONDUXT_REHEARSAL_STATE'] ?? path.join(home, 'rehearsal'),
      ...Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    },
    envFile: null,
    version,
  };
}

/** The file of a bundled agent: beside this program, or its source. */
export function bundledProgram(name: 'rehearsal-agent' | 'fault-agent'): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const built = path.join(here, `${name}.js`);
  return existsSync(built) ? built : path.join(here, `../rehearsal/${name}.ts`);
}
