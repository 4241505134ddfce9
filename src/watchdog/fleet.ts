import path from 'node:path';
import { listNames, readSessionOrNull } from '../store/read-session.ts';
import { sessionPaths } from '../store/paths.ts';
import { loginHalts, type LoginFacts } from './login-halt.ts';
import { loginFacts } from './sense.ts';
import { footprintOf, SettledSessions } from './settled.ts';

/** Where the watchdog keeps what is no session's own. */
export const watchdogDirectory = (home: string): string => path.join(home, 'watchdog');

/** The agents that the watchdog starts no hosts for, as its next look would find them. From files: no host is asked. */
export function currentHalts(home: string, runtimeDir: string): ReturnType<typeof loginHalts> {
  const settled = SettledSessions.read(watchdogDirectory(home));
  const words = listNames(home, null).flatMap(({ id }): LoginFacts[] => {
    const known = settled.find(id, footprintOf(sessionPaths(home, id, runtimeDir).journal));
    if (known !== null) return [known];
    const view = readSessionOrNull(home, runtimeDir, id);
    return view === null ? [] : [loginFacts(view)];
  });
  return loginHalts(words);
}
