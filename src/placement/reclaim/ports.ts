import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that listens on a TCP port of this machine. */
export interface PortHolder {
  readonly port: number;
  readonly pid: number;
}

/** `/proc/net/tcp`, `tcp6`: the sockets that listen, by inode. */
export function parseListeners(table: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, port] = /:([0-9A-F]{4})$/i.exec(fields[1] ?? '') ?? [];
    // 0A is LISTEN.
    if (port !== undefined && fields[3] === '0A' && fields[9] !== undefined) found.set(fields[9], parseInt(port, 16));
  }
  return found;
}

/** Who listens where, as far as this user may know; each port once per process. Linux only: empty elsewhere. */
export function portHolders(): PortHolder[] {
  const byInode = new Map([...parseListeners(read('/proc/net/tcp')), ...parseListeners(read('/proc/net/tcp6'))]);
  if (byInode.size === 0) return [];
  return pids().flatMap((pid) => {
    const ports = new Set(socketsOf(pid).flatMap((inode) => byInode.get(inode) ?? []));
    return [...ports].map((port) => ({ port, pid }));
  });
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // No /proc.
    return [];
  }
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    // Gone in the meantime, or another user's.
    return [];
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    // Closed in the meantime.
    return '';
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No /proc, or no IPv6.
    return '';
  }
}
