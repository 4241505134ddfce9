/**
 * What can be told about a command by its words alone: whether it ends, needs a person, or takes long. One table; a
 * command that is not in it is `unknown`, and that is the usual case.
 */
export type CommandClass =
  /** It goes on until somebody ends it. */
  | 'endless'
  /** It draws a screen, or waits for somebody to type. */
  | 'interactive'
  /** It works on another machine, over a connection that may drop. */
  | 'remote'
  /** Installing, building, testing, copying: usually more than a minute. */
  | 'long'
  /** Around half a minute, depending on the size of things. */
  | 'near'
  | 'unknown';

export interface Classified {
  readonly class: CommandClass;
  /** The words that told it, for the reason that people read. */
  readonly what: string;
}

/** The first that fits counts, so what does not end comes before what takes long. */
const TABLE: readonly (readonly [CommandClass, RegExp])[] = [
  // Commands that leave by themselves although their relatives do not.
  ['unknown', /^(?:\S+ )*(?:--version|--help|-h)$/],
  ['unknown', /^docker(?: compose|-compose) up .*(?:-d|--detach)\b/],
  ['unknown', /^vite build\b.*|^next (?:lint|info)\b.*/],
  // Servers, watchers and followers.
  ['endless', /^(?:npm|pnpm|yarn|bun)(?: run)? (?:dev|start|serve|watch|preview|storybook)\b/],
  [
    'endless',
    /^(?:npm|pnpm|yarn|bun) run \S*:(?:dev|serve|watch)\b|^(?:npm|pnpm|yarn|bun) run (?:dev|serve|watch):\S+/,
  ],
  [
    'endless',
    /^(?:vite|next dev|nuxt dev|astro dev|ng serve|vue-cli-service serve|webpack-dev-server|webpack serve|parcel)\b/,
  ],
  ['endless', /^(?:serve|http-server|live-server|nodemon|browser-sync|json-server|storybook|start-storybook)\b/],
  [
    'endless',
    /^(?:flask run|django-admin runserver|(?:python3? )?(?:\S*\/)?manage\.py runserver|streamlit run|uvicorn|gunicorn|hypercorn|daphne)\b/,
  ],
  ['endless', /^python3? -m (?:http\.server|flask run|uvicorn|gunicorn|jupyter)\b/],
  ['endless', /^(?:rails|bin\/rails) (?:s|server)\b|^(?:puma|unicorn|sidekiq|rackup)\b|^php (?:-S|artisan serve)\b/],
  ['endless', /^jupyter(?:-lab|-notebook| lab| notebook| server)\b|^(?:tensorboard|mlflow ui|marimo)\b/],
  [
    'endless',
    /^(?:hugo|jekyll|mkdocs|mdbook|docusaurus) (?:server|serve|start)\b|^(?:caddy run|nginx -g|redis-server|postgres|mysqld|mongod|minio server|ollama serve)\b/,
  ],
  ['endless', /^docker(?: compose|-compose) up\b|^docker run (?!.*(?:-d|--detach)\b).*-p /],
  ['endless', /^kubectl (?:port-forward|proxy|logs .*-f|get .*-w)\b|^(?:ngrok|cloudflared tunnel|localtunnel|lt) ?/],
  ['endless', /^tail (?:.* )?-[a-zA-Z0-9]*[fF]\b|^(?:journalctl|docker logs|kubectl logs)(?: .*)? (?:-f|--follow)\b/],
  [
    'endless',
    /^(?:watch|watchexec|entr|fswatch|inotifywait -m|cargo watch|air|reflex)\b|(?:^| )--watch(?:All)?(?: |$)/,
  ],
  ['endless', /^(?:yes|ping (?!.*-c ?\d))\b|^ssh (?:.* )?-N\b|^sleep (?:infinity|inf)$/],
  // A terminal of its own.
  [
    'interactive',
    /^(?:vi|vim|nvim|nano|emacs(?! --batch)|helix|hx|micro|pico|joe|less|more|man|top|htop|btop|atop|nmon|ncdu|mc|ranger|tig|lazygit|lazydocker|k9s|fzf|tmux|screen|byobu)(?: |$)/,
  ],
  ['interactive', /^(?:claude|codex|gemini|opencode|pi|aider|copilot|qwen)$/],
  [
    'interactive',
    /^(?:python3?|node|irb|ghci|iex|R|julia|lua|scala|php -a|psql|mysql|sqlite3|redis-cli|mongosh|mongo|ipython|bash|sh|zsh|fish|dash|pwsh)$/,
  ],
  ['interactive', /^(?:gdb|lldb|pdb|python3? -m i?pdb|node inspect|rust-gdb|dlv debug)\b/],
  [
    'interactive',
    /^(?:docker|podman|kubectl) (?:run|exec|attach)\b.* (?:-[a-z]*i[a-z]*t|-[a-z]*t[a-z]*i|-it|--tty|--interactive)\b/,
  ],
  [
    'interactive',
    /^git (?:rebase (?:.* )?(?:-i|--interactive)|add (?:.* )?(?:-p|-i|--patch|--interactive)|(?:checkout|reset|stash|commit) (?:.* )?(?:-p|--patch)|mergetool|difftool|citool|gui)\b/,
  ],
  ['interactive', /^git commit(?!.*(?:-[a-z]*[mFC]|--message|--file|--no-edit|--fixup|--reuse-message)\b)/],
  [
    'interactive',
    /^(?:npm|yarn|pnpm) init(?!.*(?:-y|--yes))\b|^(?:npm|npx|yarn|pnpm) (?:create|login|adduser)\b|^(?:gh|gcloud|az|aws sso|heroku|vercel|fly) (?:auth )?login\b/,
  ],
  ['interactive', /^(?:passwd|visudo|crontab -e|ssh-keygen(?!.*-N)|dialog|whiptail|make menuconfig)\b/],
  // Another machine.
  ['remote', /^(?:ssh|mosh|autossh|sshpass)\b/],
  // Package installs.
  ['long', /^(?:npm|pnpm|yarn|bun) (?:i|install|ci|add|update|upgrade|rebuild|dedupe)\b|^(?:yarn|pnpm)$/],
  [
    'long',
    /^(?:pip3?|uv|uv pip|pipx|poetry|pdm|conda|mamba|micromamba|pipenv|python3? -m pip) (?:install|sync|update|upgrade|lock|create|env create)\b/,
  ],
  [
    'long',
    /^(?:apt|apt-get|dnf|yum|zypper|apk|brew|port|snap|flatpak|choco|winget|nix|nix-env|guix) (?:install|upgrade|update|dist-upgrade|full-upgrade|add|build|develop)\b|^pacman -S/,
  ],
  [
    'long',
    /^(?:bundle|gem|composer|cargo|go|mix|dotnet|cabal|stack|opam|cpanm|luarocks|pod|carthage|swift package) (?:install|update|fetch|restore|resolve|get|deps\.get)\b/,
  ],
  // Builds.
  [
    'long',
    /^(?:npm|pnpm|yarn|bun)(?: run)? (?:build|compile|bundle|dist|package|prepublish|e2e|coverage)\b|^(?:npm|pnpm|yarn|bun) run \S*(?:build|test|e2e)\S*/,
  ],
  [
    'long',
    /^(?:make|gmake|cmake --build|ninja|meson compile|bazel|buck2?|scons|ant|mvn|\.?\/?mvnw|gradle|\.?\/?gradlew|sbt|lein|xcodebuild)(?: |$)(?!(?:help|clean|-n|--dry-run)\b)/,
  ],
  [
    'long',
    /^(?:cargo|go|swift|dotnet|zig|stack|cabal|flutter|next|nuxt|webpack|rollup|tsup|turbo|nx|lerna) (?:build|install|publish|run build|bench|export)\b|^(?:webpack|turbo run|nx run-many)\b/,
  ],
  [
    'long',
    /^(?:docker|podman|buildah)(?: compose|-compose)? (?:build|pull|push|buildx)\b|^(?:packer build|vagrant up|terraform (?:apply|plan|destroy|init)|pulumi up|ansible-playbook|helm (?:install|upgrade))\b/,
  ],
  // Tests and checks.
  [
    'long',
    /^(?:npm|pnpm|yarn|bun)(?: run)? (?:t|test|tests|ci)\b|^(?:npx )?(?:jest|mocha|vitest|ava|tap|cypress|playwright test|karma|nyc|c8)\b/,
  ],
  [
    'long',
    /^(?:pytest|tox|nox|python3? -m (?:pytest|unittest|tox)|coverage run)\b|^(?:cargo|go|dotnet|swift|mix|flutter|zig|deno|sbt|stack|cabal|ctest)(?: test| nextest)?(?= test| nextest|$)/,
  ],
  [
    'long',
    /^(?:cargo|go|dotnet|swift|mix|flutter|zig|deno|rake|rails|php artisan) (?:test|nextest|spec)\b|^(?:rspec|phpunit|ctest|prove|bats|act)\b/,
  ],
  // It says itself that it takes more than a minute.
  ['long', /^sleep (?:6[1-9]|[7-9]\d|\d{3,}|[\d.]+[mhd])s?$/],
  // Data.
  [
    'long',
    /^(?:rsync|scp|sftp|rclone|aws s3 (?:cp|sync|mv)|gsutil|azcopy|wget|aria2c|dd|ffmpeg|convert|magick|handbrakecli)\b/,
  ],
  [
    'long',
    /^(?:pg_dump|pg_restore|mysqldump|mongodump|mongorestore|spark-submit|dbt (?:run|build|test)|airflow|snakemake|nextflow|dvc (?:repro|pull|push)|hadoop|hive|duckdb -f)\b/,
  ],
  [
    'long',
    /^(?:torchrun|accelerate launch|deepspeed|python3? (?:\S*\/)?(?:train|finetune|fine_tune|preprocess|evaluate|benchmark|etl|migrate_data)\S*\.py)\b/,
  ],
  // Git, where it depends on the size of the repository.
  [
    'long',
    /^git (?:clone (?!.*--depth)|submodule update|lfs (?:pull|fetch|push)|gc|fsck|filter-branch|filter-repo|repack|bisect run)\b/,
  ],
  ['near', /^git (?:clone|push|pull|fetch|checkout|switch|reset --hard|merge|rebase|worktree add)\b/],
  ['near', /^(?:tar|zip|unzip|gzip|xz|zstd|7z|find \/|du|grep -r|rg|sha256sum|md5sum|curl)\b/],
  [
    'near',
    /^(?:eslint|prettier|tsc|mypy|pyright|ruff|pylint|flake8|black|cargo (?:check|clippy|fmt|doc)|go (?:vet|generate)|npm (?:run )?(?:lint|types|typecheck|format))\b/,
  ],
];

/** @param line one simple command: its words with blanks between, programs by their own names. */
export function classify(line: string): Classified {
  const words = line.trim().split(/\s+/);
  // `/usr/bin/npm test` is `npm test`; a script in the repository keeps its path.
  const [program = ''] = words;
  const named = [program.startsWith('/') ? (program.split('/').at(-1) ?? program) : program, ...words.slice(1)];
  const plain = named.join(' ');
  const [found] = TABLE.find(([, pattern]) => pattern.test(plain)) ?? ['unknown' as const];
  return { class: found, what: named.slice(0, 3).join(' ') };
}

const GRAVITY: readonly CommandClass[] = ['endless', 'interactive', 'remote', 'long', 'near', 'unknown'];

/** Of several commands on one line, the one that weighs most. */
export function heaviest(lines: readonly string[]): Classified {
  const all = lines.map(classify).toSorted((a, b) => GRAVITY.indexOf(a.class) - GRAVITY.indexOf(b.class));
  return all[0] ?? { class: 'unknown', what: '' };
}
