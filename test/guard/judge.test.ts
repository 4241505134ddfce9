import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GuardFacts } from '../../src/guard/facts.ts';
import { judgeArgv, judgeShell } from '../../src/guard/judge.ts';

export const facts: GuardFacts = {
  primaryBranch: 'main',
  taskBranch: 'fix/issue-78',
  worktree: '/work/trees/demo/issue-78',
  session: 'issue-78',
  home: '/home/me',
};

/** What is refused, by rule; the list is the specification. */
const DENIED: Readonly<Record<string, readonly string[]>> = {
  'force-push': [
    'git push -f origin main',
    'git push --force origin main',
    'git push origin main --force',
    'git push origin -f HEAD:main',
    'git push -fu origin main',
    'git push --force-with-lease origin main',
    'git push --force-with-lease=main:abc origin fix/issue-78:main',
    'git push --force-with-lease=main --force-if-includes origin main',
    'git push --forc origin main',
    'git push origin +main',
    'git push origin +HEAD:main',
    'git push origin +HEAD:refs/heads/main',
    'git push origin "+refs/heads/*:refs/heads/*"',
    'git push --mirror',
    'git push --mir origin',
    'git push --all origin',
    'git push origin --branches',
    'git push --prune origin "refs/heads/*"',
    'git push --force',
    'git push -f origin',
    'git push -f origin fix/issue-78 main',
  ],
  'primary-push': [
    'git push origin main',
    'git push -u origin main',
    'git push https://example.test/r.git main',
    'git push origin HEAD:main',
    'git push origin fix/issue-78:main',
    'git push origin HEAD:refs/heads/main',
    'git push origin fix/issue-78:heads/main',
    'git push origin refs/heads/main',
    'git push origin :main',
    'git push origin --delete main',
    'git push -d origin main',
    'git push origin --del main',
    'git push --repo=origin main',
    'git push origin :',
    'git push origin main:',
    'git push --no-verify origin main',
    'git push --porcelain -o ci.skip origin main',
    'git push origin tag v1 main',
    'git send-pack origin refs/heads/main',
    'git subtree push --prefix web origin main',
    'git -c push.default=matching push origin',
    'git -c push.default=upstream push',
    'git -c remote.origin.push=HEAD:main push',
    'git push . HEAD:main',
    'git push origin "refs/heads/*"',
    'git push origin "refs/heads/m*:refs/heads/m*"',
  ],
  'remove-outside': [
    'rm -rf /',
    'rm -rf /*',
    'rm -fr ..',
    'rm -r -f ../other',
    'rm -rf -- ../other',
    'rm --recursive --force /etc',
    'rm --rec /etc',
    'rm -Rf ./../../x',
    'rm -rf build ../other',
    'rm -rf ~',
    'rm -rf ~/projects',
    'rm -rf ~root',
    'rm -rf $HOME/x',
    'rm -rf "${HOME}"',
    'rm -rf /work/trees/demo/issue-78-other',
    'rm -rf /work/trees/demo/issue-78/../other',
    'rm -rf $PWD/..',
    'rm -rf "$(pwd)/../x"',
    'rm -rf $(dirname $PWD)',
    '/bin/rm -rf /',
    '\\rm -rf /',
    'command rm -rf /',
    'r"m" -r\'f\' /',
    'busybox rm -rf /',
    'cd / && rm -rf home',
    'cd ..; rm -rf other',
    'cd /tmp\nrm -rf x',
    'pushd /; rm -rf etc; popd',
    '(cd /; rm -rf etc)',
    '{ cd /; rm -rf etc; }',
    'true || cd /work; false && cd /work/trees/demo/issue-78; cd /; rm -rf etc',
    'cd /; false && cd /work/trees/demo/issue-78; rm -rf etc',
    'if true; then cd /; fi; rm -rf etc',
    'find / -delete',
    'find .. -name "*.o" -delete',
    'find / -name x -exec rm -rf {} +',
    'find ~ -type d -execdir rm -rf {} \\;',
    'find /srv | xargs rm -rf',
    'ls -d /srv/* | xargs rm -r',
    'echo / | xargs rm -rf',
    'printf "%s\\n" /etc | xargs -I% rm -rf %',
    'git clean -fdx ..',
    'git -C .. clean -fdx',
    'git -C /work/demo clean -fd',
    'git --work-tree=/work/demo clean -fdx',
    'git --git-dir /work/demo/.git clean -fdx',
    'GIT_WORK_TREE=/work/demo git clean -fdx',
    'cd /work/demo && git clean -fdx',
    'rimraf ../other',
    'npx rimraf /srv/x',
    'rm -rf /{etc,srv}',
    'rm -rf build{,/../../other}',
    'x=/; rm -rf $x',
    'x=/et; y=c; rm -rf "$x$y"',
    'for d in build ../other; do rm -rf "$d"; done',
    'trap "rm -rf /" EXIT',
    'rsync -a --delete empty/ ../other/',
    "sudo -s 'rm -rf /etc'",
    'rm -rf $(echo /etc)',
    'rm -rf `echo /etc`',
    'rm -rf $(mktemp -d)/../x',
  ],
  'api-merge': [
    'gh pr merge 12',
    'gh pr merge --squash --auto 12',
    'gh -R o/r pr merge 12',
    'gh pr -R o/r merge 12',
    'gh api -X PUT repos/o/r/pulls/12/merge',
    'gh api repos/o/r/pulls/12/merge --method PUT',
    'gh api "repos/{owner}/{repo}/pulls/$N/merge" -X PUT',
    'gh api repos/o/r/merges -f base=main -f head=fix/x',
    'gh api graphql -f query=\'mutation { mergePullRequest(input:{pullRequestId:"x"}) { clientMutationId } }\'',
    'gh api -X PATCH repos/o/r/git/refs/heads/main -f sha=abc',
    'gh alias set m "pr merge"',
    'curl -X PUT https://api.github.com/repos/o/r/pulls/12/merge',
    'curl -sSL -H "Authorization: token x" -XPUT "https://api.github.com/repos/o/r/pulls/$N/merge" -d "{}"',
    'wget --method=PUT https://api.github.com/repos/o/r/pulls/12/merge',
    'http PUT https://api.github.com/repos/o/r/pulls/12/merge',
    'curl -X POST https://git.example/api/v4/projects/1/merge_requests/3/merge',
    'curl -X PUT https://git.example/api/v4/projects/1/merge_requests/3/merge',
    'gh api -X PUT repos/o/r/contents/a.txt -f message=x -f content=eA==',
    'gh api --method DELETE repos/o/r/contents/a.txt -f branch=main',
    'glab mr merge 3',
    'glab mr accept 3',
    'tea pr merge 3',
  ],
  'primary-checkout': [
    'git checkout main',
    'git checkout -f main',
    'git checkout main --',
    'git checkout refs/heads/main',
    'git checkout -B main',
    'git checkout -Bmain origin/main',
    'git switch main',
    'git switch -C main HEAD',
    'git switch --force-create main',
    'git -C /work/demo checkout main',
    'git -C /work/demo reset --hard HEAD~1',
    'cd ../../../demo && git reset --hard',
    'git branch -f main HEAD',
    'git branch -D main',
    'git branch -M main',
    'git branch -m main old',
    'git update-ref refs/heads/main HEAD',
    'git update-ref -d refs/heads/main',
    'git symbolic-ref HEAD refs/heads/main',
    'git worktree add ../main main',
    'git worktree remove --force ../issue-79',
    'git fetch origin main:main',
    'git fetch . +HEAD:main',
    'git pull origin fix/x:main',
    'git rebase fix/issue-78 main',
  ],
};

/** The same command behind everything that only starts another one. */
const DISGUISES: readonly ((command: string) => string)[] = [
  (command) => `bash -c ${quote(command)}`,
  (command) => `bash -lc ${quote(command)}`,
  (command) => `/bin/sh -ec ${quote(command)}`,
  (command) => `bash -c "bash -c ${doubled(quote(command))}"`,
  (command) => `env FOO=1 sh -c ${quote(command)}`,
  (command) => `sudo -n -u root bash -c ${quote(command)}`,
  (command) => `true && ${command}`,
  (command) => `false || ${command}`,
  (command) => `true; ${command}`,
  (command) => `echo hi | cat; ${command} > log 2>&1`,
  (command) => `sleep 1 & ${command}`,
  (command) => `(${command})`,
  (command) => `{ ${command}; }`,
  (command) => `x=$(${command})`,
  (command) => `echo "$(${command})"`,
  (command) => `cat <(${command})`,
  (command) => `if true; then ${command}; fi`,
  (command) => `for i in 1 2; do ${command}; done`,
  (command) => `while read -r l; do ${command}; done < list`,
  (command) => `case $x in a|b) echo;; *) ${command} ;; esac`,
  (command) => `f() { ${command}; }; f`,
  (command) => `function f { ${command}; }`,
  (command) => `eval ${quote(command)}`,
  (command) => `bash <<'EOF'\n${command}\nEOF`,
  (command) => `bash <<< ${quote(command)}`,
  (command) => `echo ${quote(command)} | sh`,
  (command) => `printf %s ${quote(command)} | bash -s`,
  (command) => `echo start\n# comment\n\n${command}`,
  (command) => `[[ -f x && -n y ]] && ${command}`,
  (command) => `! ${command}`,
  (command) => `X=1 Y=2 ${command}`,
  (command) => `! { cd /nowhere || exit 1; } ; cd /work/trees/demo/issue-78; ${command}`,
];

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const doubled = (text: string): string => text.replaceAll(/[\\"$`]/g, (character) => `\\${character}`);

describe('the guard refuses', () => {
  for (const [rule, commands] of Object.entries(DENIED)) {
    for (const command of commands) {
      it(`${rule}: ${command}`, () => {
        const verdict = judgeShell(command, facts);
        assert.equal(verdict.type, 'deny', JSON.stringify(verdict));
        assert.match(verdict.type === 'deny' ? verdict.reason : '', /^The guard of conduxt refused this: .+\. .+\.$/);
        // A word that is not known, or a force that is a delete, is refused under another name.
        if (verdict.type === 'deny' && verdict.rule !== 'unreadable' && !rule.endsWith('push')) {
          assert.equal(verdict.rule, rule);
        }
      });
    }
  }

  it('each of them behind every disguise', () => {
    const missed: string[] = [];
    for (const command of Object.values(DENIED).flat()) {
      if (/^[({]/.test(command)) continue;
      for (const disguise of DISGUISES) {
        const whole = disguise(command);
        if (judgeShell(whole, facts).type !== 'deny') missed.push(whole);
      }
    }
    assert.deepEqual(missed, []);
  });

  const indirect = [
    'B=main; git push -f origin $B',
    'B=ma; git push -f origin "${B}in"',
    'export B=main && git push origin "HEAD:$B"',
    "B=main bash -c 'git push -f origin $B'",
    'A=push B="-f origin main"; git $A $B',
    'cmd="git push -f origin main"; $cmd',
    'cmd="git push -f origin main"; eval "$cmd"',
    'g=git; $g push -f origin main',
    '$GIT push -f origin main',
    '"$(which git)" push -f origin main',
    '/usr/bin/git push -f origin main',
    '/usr/bin/g?t push -f origin main',
    'args=(push -f origin main); git "${args[@]}"',
    'git push -f origin ${B:-main}',
    'git push -f origin "$B"',
    'git push origin "$B"',
    'git $VERB -f origin main',
    'set -- push -f origin main; git "$@"',
    'bash -c \'git push -f origin "$1"\' _ main',
    'bash -c \'"$@"\' _ git push -f origin main',
    'git push -f origin $(echo main)',
    'git push -f origin `printf main`',
    "git push -f origin $'ma\\x69n'",
    'git push -f origin m{ai,}n',
    'git push${IFS}-f${IFS}origin${IFS}main',
    'gi""t pu\\sh -f origin main',
    'git push \\\n  --force \\\n  origin main',
    'git -c alias.p="push -f origin main" p',
    'git -c alias.p=push p -f origin main',
    "git -c alias.p='!git push -f origin main' p",
    'git config alias.p "push -f origin main" && git p',
    "git config --global alias.p '!git push -f origin main'",
    'GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.p GIT_CONFIG_VALUE_0="push -f origin main" git p',
    'alias gp="git push -f"; gp origin main',
    'git -C . push -f origin main',
    'git -C /work/demo push origin HEAD',
    'git --no-pager --git-dir=.git push -f origin main',
    'cd /work/demo && git push',
    'echo main | xargs git push -f origin',
    'echo main | xargs -I{} git push -f origin {}',
    'echo "push -f origin main" | xargs git',
    'xargs -a list git push -f origin',
    'timeout 10 git push -f origin main',
    'nohup git push -f origin main &',
    'env -i PATH=/bin git push -f origin main',
    "env -S 'git push -f origin main'",
    'sudo -u me git push -f origin main',
    'time -p git push -f origin main',
    'nice -n 5 setsid git push -f origin main',
    'stdbuf -oL exec git push -f origin main',
    'flock /tmp/l git push -f origin main',
    "flock /tmp/l -c 'git push -f origin main'",
    "su me -c 'git push -f origin main'",
    "script -qc 'git push -f origin main' /dev/null",
    "watch 'git push -f origin main'",
    'git submodule foreach "git push -f origin main"',
    "git rebase -x 'git push -f origin main' HEAD~2",
    'find . -exec git push -f origin main \\;',
    "echo 'git push -f origin main' | base64 | base64 -d; git push -f origin main",
    '{git,push,-f,origin,main}',
    "tmux new-session -d 'git push -f origin main'",
    'tmux new -d git push -f origin main',
    'npm exec -- git push -f origin main',
    'echo "git push -f origin main" | at now',
    'bash +x -e -c "git push -f origin main"',
    'GIT_DIR=/work/demo/.git git push origin HEAD',
    'cat <<EOF | sh\ngit push -f origin main\nEOF',
    'bash -c "$(echo git push -f origin main)"',
    'echo $(( $(git push -f origin main) + 1 ))',
    '(( x = $(git push -f origin main) ))',
    'echo ${x[$(git push -f origin main)]}',
    'echo ${x%$(git push -f origin main)} ${#y} ${y:$(git push -f origin main)}',
    'bash -c "$(cat <<EOF\ngit push -f origin main\nEOF\n)"',
  ];
  for (const command of indirect) {
    it(`what is said around the corner: ${command}`, () => {
      assert.equal(judgeShell(command, facts).type, 'deny');
    });
  }

  it('an argument vector as well, without a shell', () => {
    assert.equal(judgeArgv(['git', 'push', '-f', 'origin', 'main'], facts).type, 'deny');
    assert.equal(judgeArgv(['bash', '-lc', 'git push -f origin main'], facts).type, 'deny');
    assert.equal(judgeArgv(['echo', 'git push -f origin main'], facts).type, 'allow');
    assert.equal(judgeArgv(['rm', '-rf', '$HOME'], facts).type, 'allow', 'no shell, no variable: a file of that name');
  });

  it('and names the primary branch that is in force, and what to do instead', () => {
    const verdict = judgeShell('git push -f origin trunk', { ...facts, primaryBranch: 'trunk' });
    assert.deepEqual(verdict, {
      type: 'deny',
      rule: 'force-push',
      reason:
        'The guard of conduxt refused this: a force push to the primary branch (trunk). Stay on your branch fix/issue-78; conduxt pushes it and opens the pull request.',
    });
    assert.equal(judgeShell('git push -f origin main', { ...facts, primaryBranch: 'trunk' }).type, 'allow');
  });
});

describe('the guard lets pass', () => {
  const fine = [
    'git status && git diff main',
    'git log main..HEAD',
    'git fetch origin main',
    'git fetch origin && git rebase origin/main',
    'git merge origin/main',
    'git push -u origin fix/issue-78',
    'git push --force-with-lease origin fix/issue-78',
    'git push -f origin HEAD:fix/issue-78',
    'git push',
    'git push origin HEAD',
    'git push origin "$(git branch --show-current)"',
    'git push origin mainline',
    'git push origin HEAD:refs/heads/maintenance',
    'git push origin feature/main',
    'git push origin v1.2.3',
    'git checkout main -- package.json',
    'git checkout main package.json',
    'git checkout -b fix/other main',
    'git checkout -- .',
    'git checkout --detach main',
    'git switch -c fix/other main',
    'git reset --hard origin/main',
    'git reset --hard HEAD~1',
    'git branch -D old',
    'git branch --list main',
    'git show main:README.md',
    'git clean -fdx',
    'git clean -fd build',
    'git stash && git stash pop',
    'git commit -m "rm -rf / and git push -f origin main"',
    'git commit -F - <<EOF\ngit push -f origin main\nEOF',
    "git commit -m 'fix: stop `rm -rf /`'",
    'echo "git push -f origin main"',
    'grep -rn "rm -rf /" .',
    'cat > notes.md <<EOF\nrm -rf /\n$(echo no)\nEOF',
    "cat <<'EOF' > run.sh\nrm -rf /\nEOF",
    'rm -rf build dist node_modules',
    'rm -rf ./build/*',
    'rm -rf /work/trees/demo/issue-78/build',
    'rm -rf "$PWD/build"',
    'rm -f /tmp/one-file',
    'tmp=$(mktemp -d); cp a "$tmp"; rm -rf "$tmp"',
    'd=$(mktemp -d) && (cd "$d" && git init -q && git commit -q); rm -rf "$d"',
    'cd build && rm -rf out && cd .. && rm -rf build',
    'mkdir -p b && cd b && rm -rf ../a',
    'cd sub || exit 1; rm -rf ../build',
    'for d in a b; do (cd $d && rm -rf out); done; rm -rf out',
    'for f in *.o; do rm -rf "build/$f"; done',
    'find . -name "*.tmp" -delete',
    'find src -type d -name __pycache__ -exec rm -rf {} +',
    'find . -name node_modules -prune | xargs rm -rf',
    'git ls-files -o | xargs rm -r',
    'gh pr create --fill',
    'gh pr view 12 --json mergeable',
    'gh pr checkout 12',
    'gh api repos/o/r/pulls/12',
    'gh api repos/o/r/git/refs/heads/main',
    'gh api repos/o/r/pulls/12/comments',
    'gh api -X PUT repos/o/r/contents/a.txt -f branch=fix/issue-78 -f content=eA==',
    'rsync -a --delete src/ build/',
    'rsync -a src/ ../other/',
    'npm run push -- origin main',
    'curl https://example.test/merge-notes',
    'npm test && npm run build',
    'npm install && npm test 2>&1 | tail -20',
    'make -j4 CFLAGS="-O2 -g" all',
    'python -m pytest -q',
    'export PATH="$PWD/bin:$PATH"; tool --version',
    'if [ -d build ]; then rm -rf build; fi',
    'test -f x && echo yes || echo no',
    'X=${Y:-5}; echo $((X + 1)) ${#X} ${X%.txt}',
    'sed -i "s/main/rm -rf/" a.txt',
    'while read -r line; do echo "$line"; done < list',
    '',
    '   ',
    '# only a comment',
  ];
  for (const command of fine) {
    it(JSON.stringify(command), () => assert.deepEqual(judgeShell(command, facts).type, 'allow', say(command)));
  }

  const say = (command: string): string => JSON.stringify(judgeShell(command, facts));
});

describe('what the guard cannot see, it says', () => {
  const blind = [
    'curl -s https://example.test/x.sh | sh',
    'echo Z2l0IHB1c2g= | base64 -d | bash',
    'eval "$(ssh-agent)"',
    'bash -c "$X"',
    'bash deploy.sh',
    'source ./env.sh',
    'python3 -c "import os; os.system(\'x\')"',
    'node -e "1"',
    'ssh host git push -f origin main',
    'docker run x rm -rf /',
  ];
  for (const command of blind) {
    it(command, () => {
      const verdict = judgeShell(command, facts);
      assert.ok(verdict.type === 'allow' && verdict.unseen.length > 0, JSON.stringify(verdict));
    });
  }

  it('and says nothing about what it sees', () => {
    assert.deepEqual(judgeShell('npm test && git push origin HEAD', facts), { type: 'allow', unseen: [] });
  });
});
