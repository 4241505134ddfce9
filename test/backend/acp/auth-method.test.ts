import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authMethodsOf, unattendedMethod } from '../../../src/backend/acp/auth-method.ts';

const gemini = {
  authMethods: [
    { id: 'oauth-personal', name: 'Log in with Google' },
    { id: 'gemini-api-key', name: 'Gemini API key' },
    { id: 'vertex-ai', name: 'Vertex AI' },
  ],
};
const pi = { authMethods: [{ id: 'pi_terminal_login', name: 'Launch pi', type: 'terminal' }] };

test('only a login that needs no person is tried, the agent’s own default first', () => {
  const cases: readonly [string, unknown, string | null][] = [
    ['an API key', gemini, 'gemini-api-key'],
    ['the default', { ...gemini, _meta: { defaultAuthMethodId: 'vertex-ai' } }, 'vertex-ai'],
    ['a default that is not offered', { ...gemini, _meta: { defaultAuthMethodId: 'other' } }, 'gemini-api-key'],
    ['terminal only', pi, null],
    ['terminal as default', { ...pi, _meta: { defaultAuthMethodId: 'pi_terminal_login' } }, null],
    ['a browser only', { authMethods: [{ id: 'oauth-personal', name: 'x' }] }, null],
    ['none', { authMethods: [] }, null],
    ['nonsense', { authMethods: [null, 'x', { name: 'no id' }] }, null],
  ];
  for (const [name, initialized, id] of cases) assert.equal(unattendedMethod(initialized)?.id ?? null, id, name);
});

test('every method that has an id is listed', () => {
  assert.deepEqual(
    authMethodsOf({ authMethods: [{ id: 'a' }, { name: 'b' }, { id: 'c', name: 'C', type: 'terminal' }] }),
    [
      { id: 'a', name: 'a', type: 'agent' },
      { id: 'c', name: 'C', type: 'terminal' },
    ],
  );
});
