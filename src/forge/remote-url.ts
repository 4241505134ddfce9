import type { GithubRepository } from './gh.ts';

const NAME = /^[A-Za-z0-9._-]+$/;

/**
 * The GitHub repository a remote's URL stands for, or null when it is none. Understands https, ssh, git and the short
 * `git@github.com:owner/name.git`; `hosts` are the names that count as GitHub beside github.com.
 */
export function parseGithubUrl(url: string, hosts: readonly string[] = []): GithubRepository | null {
  const parts = hostAndPath(url.trim());
  if (parts === null) return null;
  // ssh.github.com is GitHub's ssh on port 443.
  const host = parts.host.toLowerCase().replace(/^(www|ssh)\.github\.com$/, 'github.com');
  if (host !== 'github.com' && !hosts.some((known) => known.toLowerCase() === host)) return null;
  const [owner, rawName, ...rest] = parts.path.replace(/^\/+|\/+$/g, '').split('/');
  const name = rawName?.replace(/\.git$/, '');
  if (owner === undefined || name === undefined || rest.length > 0) return null;
  return isName(owner) && isName(name) ? { host, owner, name } : null;
}

const isName = (text: string): boolean => NAME.test(text) && text !== '.' && text !== '..';

function hostAndPath(url: string): { host: string; path: string } | null {
  if (/^(https?|ssh|git|git\+ssh):\/\//i.test(url)) {
    const parsed = URL.parse(url);
    return parsed === null ? null : { host: parsed.hostname, path: parsed.pathname };
  }
  // scp's form: user@host:path, with no slash before the colon (else it is a local path).
  const match = /^(?:[^@/:\s]+@)?([^/:\s]+):([^:].*)$/.exec(url);
  return match?.[1] === undefined || match[2] === undefined ? null : { host: match[1], path: match[2] };
}
