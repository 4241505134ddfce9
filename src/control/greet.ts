import { ConduxtError } from '../errors.ts';
import { callHost } from './client.ts';
import type { HelloReply } from './protocol.ts';

const HELLO_TIMEOUT_MS = 2_000;

/** The greeting of the host behind `socket`, if there is one and it answers. */
export async function greet(socket: string): Promise<HelloReply | 'none' | 'silent'> {
  try {
    return (await callHost(socket, { op: 'hello' }, HELLO_TIMEOUT_MS)) ?? 'none';
  } catch (error) {
    if (!(error instanceof ConduxtError)) throw error;
    if (error.code === 'host-silent') return 'silent';
    if (error.code === 'host-died') return 'none';
    throw error;
  }
}
