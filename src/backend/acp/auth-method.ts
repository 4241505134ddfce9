import { listAt, objectAt, textAt } from './json.ts';

export interface AuthMethod {
  readonly id: string;
  readonly name: string;
  /** `terminal` methods are commands for a person and must never be sent; without a type it is `agent`. */
  readonly type: string;
}

/** The login methods in an answer to `initialize`. */
export function authMethodsOf(initialized: unknown): readonly AuthMethod[] {
  return listAt(initialized, 'authMethods').flatMap((method) => {
    const id = textAt(method, 'id');
    return id === null ? [] : [{ id, name: textAt(method, 'name') ?? id, type: textAt(method, 'type') ?? 'agent' }];
  });
}

/**
 * The one method that may be tried without a person: the agent's own default, else one that works from an API key.
 * Everything else may open a browser or wait for somebody. Null when there is none.
 */
export function unattendedMethod(initialized: unknown): AuthMethod | null {
  const usable = authMethodsOf(initialized).filter((method) => method.type !== 'terminal');
  const preferred = textAt(objectAt(initialized, '_meta'), 'defaultAuthMethodId');
  return (
    usable.find((method) => method.id === preferred) ?? usable.find((method) => /api[-_ ]?key/i.test(method.id)) ?? null
  );
}
