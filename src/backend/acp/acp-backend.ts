import { systemClock } from '../../clock.ts';
import { version } from '../../version.ts';
import type { Backend } from '../backend.ts';
import { AcpSession } from './acp-session.ts';

/** The Agent Client Protocol, version 1, over the stdio of an agent process. */
export const acpBackend: Backend = {
  name: 'acp',
  open: (spec, listener) => AcpSession.open(spec, listener, version, systemClock),
};
