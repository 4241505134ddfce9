import type { HeadlessProfile } from './profile.ts';

/**
 * For a program that only the configuration names: the prompt on stdin, the answer on stdout, exit code 0. It has no
 * conversation to go on with, and nothing is known that would hold it back.
 */
export const GENERIC_HEADLESS: HeadlessProfile = {
  programs: [],
  packages: [],
  args: [],
  permissions: { 'approve-all': {} },
  resumeArgs: null,
  lastArgs: [],
  input: 'text',
  stream: 'text',
  hooks: null,
  nativeId: 'unproven',
  unknownConversation: null,
  usageOf: 'turn',
};

const OPENCODE_READS = { edit: 'deny', bash: 'deny', webfetch: 'deny', task: 'deny', external_directory: 'deny' };

/** By the agent's name. Streams: recorded in the versions that fixtures/headless names. None of them can ask. */
export const HEADLESS: Readonly<Record<string, HeadlessProfile>> = {
  claude: {
    ...GENERIC_HEADLESS,
    programs: ['claude'],
    packages: ['@anthropic-ai/claude-code'],
    // Its plain input waits 3 s for the prompt and then gives up; this one waits until stdin is closed.
    args: ['-p', '--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
    // Its hook before a tool decides, by the session's own rules; what the hook does not allow is refused.
    permissions: {
      'approve-all': { args: ['--permission-mode', 'acceptEdits'] },
      'approve-reads': { args: ['--permission-mode', 'default'] },
      'deny-all': { args: ['--permission-mode', 'default'] },
    },
    resumeArgs: ['--resume', '{id}'],
    input: 'claude-json',
    stream: 'claude',
    hooks: 'claude-settings',
    nativeId: 'same',
    unknownConversation: /No conversation found with session ID/,
  },
  codex: {
    ...GENERIC_HEADLESS,
    programs: ['codex'],
    packages: ['@openai/codex'],
    args: ['exec', '--json', '--skip-git-repo-check'],
    // A worktree's commits go into the main checkout's git directory, outside of what its sandbox lets it write.
    // It looks around in every sandbox, so nothing makes it refuse everything.
    permissions: {
      'approve-all': { args: ['--sandbox', 'danger-full-access'] },
      'approve-reads': { args: ['--sandbox', 'read-only'] },
    },
    resumeArgs: ['resume', '{id}'],
    lastArgs: ['-'],
    stream: 'codex',
    hooks: 'codex-tools',
    nativeId: 'same',
    unknownConversation: /no rollout found for thread id/,
    usageOf: 'conversation',
  },
  gemini: {
    ...GENERIC_HEADLESS,
    programs: ['gemini'],
    packages: ['@google/gemini-cli'],
    args: ['--output-format', 'stream-json'],
    permissions: {
      'approve-all': { args: ['--approval-mode', 'yolo'] },
      'approve-reads': { args: ['--approval-mode', 'default'] },
    },
    stream: 'gemini',
  },
  opencode: {
    ...GENERIC_HEADLESS,
    programs: ['opencode'],
    packages: ['opencode-ai', '@opencode/cli'],
    args: ['run', '--format', 'json'],
    permissions: {
      'approve-all': { args: ['--auto'] },
      'approve-reads': { env: { OPENCODE_PERMISSION: JSON.stringify(OPENCODE_READS) } },
      'deny-all': { env: { OPENCODE_PERMISSION: JSON.stringify({ '*': 'deny' }) } },
    },
    resumeArgs: ['--session', '{id}'],
    stream: 'opencode',
    nativeId: 'same',
    unknownConversation: /Session not found/,
  },
  pi: {
    ...GENERIC_HEADLESS,
    programs: ['pi'],
    packages: ['@earendil-works/pi-coding-agent'],
    args: ['-p', '--mode', 'json'],
    permissions: {
      'approve-all': {},
      'approve-reads': { args: ['--tools', 'read,grep,find,ls'] },
      'deny-all': { args: ['--no-tools'] },
    },
    // Not --session-id, which begins an empty conversation under an id that is not there.
    resumeArgs: ['--session', '{id}'],
    stream: 'pi',
    unknownConversation: /No session found matching/,
  },
};

/** How that agent is run without a terminal; for one that only the configuration knows, the generic way. */
export const headlessFor = (name: string): HeadlessProfile => HEADLESS[name] ?? GENERIC_HEADLESS;
