import { unreachable } from '../errors.ts';
import type { SessionState } from '../session/words.ts';
import type { Tone } from './tone.ts';

export function stateTone(state: SessionState | 'unreadable'): Tone {
  switch (state) {
    case 'completed':
    case 'delivered':
    case 'reported':
      return 'good';
    case 'failed':
    case 'crashed':
    case 'unreadable':
      return 'bad';
    case 'needs-person':
    case 'parked':
    case 'awaiting-review':
    case 'awaiting-ci':
    case 'cancelled':
      return 'warn';
    case 'running':
    case 'verifying':
    case 'delivering':
    case 'preparing':
      return 'strong';
    case 'waiting':
    case 'idle':
    case 'prepared':
    case 'stopped':
      return 'dim';
    default:
      return unreachable(state, 'session state');
  }
}
