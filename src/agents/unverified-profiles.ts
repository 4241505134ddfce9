import { kindOf, type AgentLaunch } from '../session/record.ts';
import type { AgentProfile } from './profile.ts';
import { PROVIDER_VARIABLES } from './provider-variables.ts';

const CLOSE_PATIENCE_MS = 9_000;

/** Agents whose way of starting is known from the ACP registry or their manual, but which were never driven here. */
export const UNVERIFIED: readonly AgentProfile[] = [
  {
    name: 'cline',
    title: 'Cline',
    acp: acp('cline', ['--acp'], ['cline'], 'load'),
    terminal: false,
    install: 'npm i -g cline',
    login: 'Run cline auth.',
    environment: ['CLINE_*', ...PROVIDER_VARIABLES],
    loginFiles: [],
    env: { CLINE_NO_AUTO_UPDATE: '1' },
    verified: null,
    knownFaults: [{ seenIn: '3.0.65', what: 'session/new wants a login even after cline auth with a key' }],
  },
  {
    name: 'auggie',
    title: 'Augment Auggie',
    acp: acp('auggie', ['--acp'], ['@augmentcode/auggie'], 'load'),
    terminal: false,
    install: 'npm i -g @augmentcode/auggie',
    login: 'Run auggie login.',
    environment: ['AUGMENT_*'],
    loginFiles: ['.augment/session.json'],
    loginVariables: ['AUGMENT_SESSION_AUTH', 'AUGMENT_API_TOKEN'],
    env: { AUGMENT_DISABLE_AUTO_UPDATE: '1' },
    verified: null,
    knownFaults: [],
  },
  {
    name: 'goose',
    title: 'goose',
    acp: acp('goose', ['acp'], [], 'load'),
    terminal: false,
    install: 'See https://github.com/aaif-goose/goose.',
    login: 'Run goose configure.',
    environment: ['GOOSE_*', ...PROVIDER_VARIABLES],
    loginFiles: ['.config/goose/config.yaml'],
    loginVariables: ['GOOSE_PROVIDER'],
    verified: null,
    knownFaults: [],
  },
  {
    name: 'cursor',
    title: 'Cursor CLI',
    acp: acp('cursor-agent', ['acp'], [], 'load'),
    terminal: false,
    install: 'See https://cursor.com/cli.',
    login: 'Run cursor-agent login, or set CURSOR_API_KEY.',
    environment: ['CURSOR_*'],
    loginFiles: [],
    loginVariables: ['CURSOR_API_KEY'],
    verified: null,
    knownFaults: [],
  },
  {
    name: 'droid',
    title: 'Factory Droid',
    acp: acp('droid', ['exec', '--output-format', 'acp-daemon'], ['droid'], 'resume'),
    terminal: false,
    install: 'npm i -g droid',
    login: 'Run droid and /login, or set FACTORY_API_KEY.',
    environment: ['FACTORY_*', 'DROID_*'],
    loginFiles: [],
    loginVariables: ['FACTORY_API_KEY'],
    verified: null,
    knownFaults: [],
  },
  {
    name: 'aider',
    title: 'Aider',
    acp: null,
    terminal: true,
    install: 'pipx install aider-chat',
    login: 'Set the API key of your provider, such as ANTHROPIC_API_KEY or OPENAI_API_KEY.',
    environment: ['AIDER_*', ...PROVIDER_VARIABLES],
    loginFiles: [],
    verified: null,
    knownFaults: [],
  },
];

/** Whether nobody ever ran this agent: said wherever it is shown. One that only a configuration knows is its user's affair. */
export const isUnverified = (agent: Pick<AgentLaunch, 'name' | 'like'>): boolean =>
  UNVERIFIED.some(({ name }) => name === kindOf(agent));

function acp(
  bin: string,
  args: readonly string[],
  packages: readonly string[],
  resume: 'resume' | 'load',
): AgentProfile['acp'] {
  return { programs: [{ bin, args }], packages, resume, preferredOptionIds: [], closePatienceMs: CLOSE_PATIENCE_MS };
}
