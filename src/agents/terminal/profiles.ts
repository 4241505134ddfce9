import type { ScreenRules, TerminalProfile } from './profile.ts';

/** Agents that say when they work settle soon; one that says nothing is given more time before it counts as done. */
const SETTLE_MS = 2_000;
const SILENT_SETTLE_MS = 15_000;

const ESC_HINT = /\besc(?:ape)? (?:to )?(?:interrupt|cancel)/i;

/** For every program that conduxt knows nothing about: an input line with a usual glyph, usual words, no promises. */
export const GENERIC_SCREEN: ScreenRules = {
  box: { type: 'glyph', glyphs: '❯›»>' },
  placeholder: /^(?:Type|Ask|Enter|Send) (?:your|a|an|anything|something)\b/i,
  busy: [ESC_HINT, /\b(?:Working|Thinking)(?:…|\.\.\.)/],
  busyTitle: null,
  asks: [/Do you want to proceed\?/, /\(y\/n\)/i, /\(Y\)es\/\(N\)o/],
  command: 'either',
  yesIsChosen: /❯ 1\. Yes/,
  dialogs: [/Do you trust\b/i, /Press enter to (?:continue|confirm)/i, /Enter to confirm/, /\blog ?in\b.*:/i],
  settleMs: SILENT_SETTLE_MS,
};

export const GENERIC_TERMINAL: TerminalProfile = {
  programs: [],
  packages: [],
  args: [],
  permissionArgs: {},
  newIdArgs: null,
  resumeArgs: null,
  nativeId: 'unproven',
  trustArgs: [],
  env: {},
  directoryArgs: [],
  hooks: null,
  openFile: null,
  screen: GENERIC_SCREEN,
  interrupt: [['Escape'], ['C-c']],
  clear: ['C-u'],
};

/** By the agent's name. Screens: recorded in the versions that the fixtures name. */
export const TERMINALS: Readonly<Record<string, TerminalProfile>> = {
  claude: {
    ...GENERIC_TERMINAL,
    programs: ['claude'],
    packages: ['@anthropic-ai/claude-code'],
    // bypassPermissions ends at once for root, and asks a question of its own first: what is asked is answered instead.
    permissionArgs: {
      'approve-all': ['--permission-mode', 'acceptEdits'],
      'approve-reads': ['--permission-mode', 'default'],
      'deny-all': ['--permission-mode', 'default'],
      ask: ['--permission-mode', 'default'],
    },
    newIdArgs: ['--session-id', '{id}'],
    resumeArgs: ['--resume', '{id}'],
    nativeId: 'same',
    // Not --add-dir: it asks whether that directory is trusted. What it may do there is answered by its hook.
    hooks: 'claude-settings',
    screen: {
      box: { type: 'rules', glyphs: '❯' },
      placeholder: /^Try "/,
      busy: [ESC_HINT],
      // `✳` stands there both idle and while it asks.
      busyTitle: /^[◐◑]/,
      asks: [/Do you want to (?:proceed|make this edit|create|overwrite|allow)/],
      command: 'framed',
      yesIsChosen: /❯ 1\. Yes/,
      dialogs: [
        /Quick safety check|Do you trust the files/,
        /Detected a custom API key/,
        /Select login method|Choose the text style|Paste code here/,
        /Enter to confirm · Esc to cancel/,
      ],
      settleMs: SETTLE_MS,
    },
    interrupt: [['Escape'], ['C-c']],
  },
  codex: {
    ...GENERIC_TERMINAL,
    programs: ['codex'],
    packages: ['@openai/codex'],
    // Without --no-daemon it starts one that outlives it, with the commands it runs.
    args: ['--no-daemon', '-c', 'check_for_update_on_startup=false'],
    // A worktree's commits go into the main checkout's git directory, outside of what its sandbox lets it write.
    permissionArgs: {
      'approve-all': ['--sandbox', 'danger-full-access', '--ask-for-approval', 'never'],
      'approve-reads': ['--sandbox', 'workspace-write', '--ask-for-approval', 'untrusted'],
      'deny-all': ['--sandbox', 'read-only', '--ask-for-approval', 'untrusted'],
      ask: ['--sandbox', 'workspace-write', '--ask-for-approval', 'untrusted'],
    },
    resumeArgs: ['resume', '{id}'],
    nativeId: 'same',
    trustArgs: ['-c', 'projects={{cwd}={trust_level="trusted"}}'],
    hooks: 'codex-notify',
    openFile: /\/rollout-[^/]*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/,
    screen: {
      box: { type: 'glyph', glyphs: '›' },
      placeholder: /^Ask Codex to do anything/,
      // The prompt line stays while it works; this one goes while its answer streams in, and the title's spinner stays.
      busy: [/^\s*[•◦] \w+ing.*\((?:\d+[hms ]*)+ • esc to interrupt\)/, ESC_HINT],
      busyTitle: null,
      asks: [/Would you like to (?:run|make|apply|grant|allow)/],
      command: 'behind-prompt',
      yesIsChosen: /› 1\. Yes/,
      dialogs: [
        /Trust this folder\?|Do you trust the contents/,
        /Sign in with ChatGPT/,
        /hooks need review/,
        /Task is still running/,
        /Update available!/,
        /esc (?:back|close)\s*$/m,
      ],
      settleMs: SETTLE_MS,
    },
    // C-c opens a question of its own: not pressed.
    interrupt: [['Escape'], ['Escape']],
  },
  gemini: {
    ...GENERIC_TERMINAL,
    programs: ['gemini'],
    packages: ['@google/gemini-cli'],
    permissionArgs: {
      'approve-all': ['--approval-mode', 'yolo'],
      'approve-reads': ['--approval-mode', 'default'],
      'deny-all': ['--approval-mode', 'default'],
      ask: ['--approval-mode', 'default'],
    },
    env: { GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    directoryArgs: ['--include-directories', '{dir}'],
    screen: {
      box: { type: 'glyph', glyphs: '>!*' },
      placeholder: /^Type your message/,
      busy: [ESC_HINT],
      busyTitle: /^✦/,
      asks: [/Allow execution of|Apply this change\?|Do you want to proceed\?/],
      command: 'framed',
      yesIsChosen: /● 1\. (?:Allow once|Yes)/,
      dialogs: [/Do you trust the files in this folder/, /How would you like to authenticate/, /Waiting for auth/],
      settleMs: SETTLE_MS,
    },
    interrupt: [['Escape'], ['C-c']],
  },
  opencode: {
    ...GENERIC_TERMINAL,
    programs: ['opencode'],
    packages: ['opencode-ai', '@opencode/cli'],
    resumeArgs: ['--session', '{id}'],
    nativeId: 'same',
    screen: {
      box: { type: 'bar' },
      placeholder: /^Ask anything/,
      busy: [/\besc (?:again to )?interrupt/i],
      busyTitle: null,
      asks: [/△ Permission required/],
      command: 'behind-prompt',
      // Its choice is shown by colour only, so no key is pressed for it.
      yesIsChosen: null,
      dialogs: [/Connect a provider|Select a provider/i],
      settleMs: SETTLE_MS,
    },
    interrupt: [['Escape', 'Escape'], ['C-c']],
  },
  pi: {
    ...GENERIC_TERMINAL,
    programs: ['pi'],
    packages: ['@earendil-works/pi-coding-agent'],
    screen: {
      box: { type: 'rules', glyphs: '' },
      placeholder: null,
      busy: [/^── [\u2801-\u28ff] |[\u2801-\u28ff] Working|\(escape to cancel\)/u],
      busyTitle: null,
      asks: [],
      command: 'either',
      yesIsChosen: null,
      dialogs: [/No models? available|Use \/login/],
      settleMs: SETTLE_MS,
    },
    interrupt: [['Escape'], ['C-c']],
  },
  qwen: {
    ...GENERIC_TERMINAL,
    programs: ['qwen'],
    packages: ['@qwen-code/qwen-code'],
    permissionArgs: { 'approve-all': ['--approval-mode', 'yolo'] },
    directoryArgs: ['--include-directories', '{dir}'],
  },
  aider: {
    ...GENERIC_TERMINAL,
    programs: ['aider'],
    args: ['--no-check-update', '--no-show-release-notes', '--no-analytics', '--no-fancy-input'],
    permissionArgs: { 'approve-all': ['--yes-always'] },
    screen: {
      ...GENERIC_SCREEN,
      box: { type: 'glyph', glyphs: '>' },
      placeholder: null,
      busy: [/[░█]{2,}\s+(?:Waiting for|Updating)/],
      asks: [/\(Y\)es\/\(N\)o/],
      yesIsChosen: null,
      dialogs: [/Login to OpenRouter or create a free account/i, /Would you like to see what's new/i],
      settleMs: 4_000,
    },
    interrupt: [['C-c']],
  },
};

/** How that agent is driven in a terminal; for one that only the configuration knows, the generic way. */
export const terminalFor = (name: string): TerminalProfile => TERMINALS[name] ?? GENERIC_TERMINAL;
