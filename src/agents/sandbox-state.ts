/**
 * Where agents keep their own state: logins they refresh, conversations, settings. Relative to the user's home; what is
 * not there is passed over. Other agents, and other places, are named by `sandboxWritable` of the configuration.
 */
const STATE: Readonly<Record<string, readonly string[]>> = {
  claude: ['.claude', '.claude.json', '.config/claude', '.local/share/claude', '.local/state/claude'],
  codex: ['.codex'],
  gemini: ['.gemini'],
  opencode: ['.local/share/opencode', '.local/state/opencode', '.config/opencode', '.opencode'],
  pi: ['.pi'],
  qwen: ['.qwen'],
  copilot: ['.copilot', '.config/github-copilot', '.local/state/.copilot'],
  kilo: ['.kilocode', '.local/share/kilo', '.local/state/kilo', '.config/kilo'],
  cline: ['.cline'],
  auggie: ['.augment'],
  goose: ['.config/goose', '.local/share/goose', '.local/state/goose'],
  cursor: ['.cursor', '.config/cursor'],
  droid: ['.factory'],
  aider: ['.aider'],
};

export const agentState = (agent: string): readonly string[] => STATE[agent] ?? [];
