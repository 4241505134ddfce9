import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openFiles } from '../../src/process/open-files.ts';

export type FileSystem = 'ext4' | 'xfs';

/** Sparse; xfs makes none below 300 MB. */
const IMAGE_BYTES: Readonly<Record<FileSystem, number>> = { ext4: 128 * 1024 * 1024, xfs: 320 * 1024 * 1024 };

/**
 * A disk whose power can be cut: a file system of its own on a loop device. The cut is the kernel's shutdown of that
 * file system without writing its log: what was not synced by then is gone after the next mount, and every call in between
 * fails with EIO.
 */
export class Disk {
  readonly directory: string;
  readonly #root: string;
  readonly #image: string;

  private constructor(root: string) {
    this.#root = root;
    this.#image = path.join(root, 'image');
    this.directory = path.join(root, 'disk');
  }

  /** @returns why there can be none here, as a reason to skip */
  static make(fileSystem: FileSystem): Disk | string {
    if (process.getuid?.() !== 0) return 'a disk cannot be made here (needs root)';
    for (const program of [`mkfs.${fileSystem}`, 'xfs_io', 'losetup'])
      if (spawnSync(program, ['-V']).error !== undefined) return `${program} is not installed`;
    const disk = new Disk(mkdtempSync(path.join(tmpdir(), 'conduxt-power-')));
    writeFileSync(disk.#image, '');
    truncateSync(disk.#image, IMAGE_BYTES[fileSystem]);
    mkdirSync(disk.directory);
    const made = spawnSync(`mkfs.${fileSystem}`, ['-q', disk.#image], { encoding: 'utf8' });
    const mounted = spawnSync('mount', ['-o', 'loop', disk.#image, disk.directory], { encoding: 'utf8' });
    if (mounted.status === 0) return disk;
    rmSync(disk.#root, { recursive: true });
    return `${fileSystem} cannot be mounted here: ${made.stderr} ${mounted.stderr}`.trim();
  }

  /** Everything that was written so far is old and safe. */
  settle(): void {
    execFileSync('sync', ['-f', this.directory]);
  }

  cut(): void {
    execFileSync('xfs_io', ['-x', '-c', 'shutdown', this.directory]);
  }

  /** Every process that has a file open or stands there: on a disk of our own, all of them are ours. */
  users(): readonly number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid && this.#isUsedBy(pid));
  }

  #isUsedBy(pid: number): boolean {
    return [directoryOf(pid), ...openFiles(pid)].some((file) => file.startsWith(`${this.directory}/`));
  }

  /** Mounts what is left. Whatever had files open there has to be gone. */
  restore(): void {
    execFileSync('umount', [this.directory]);
    execFileSync('mount', ['-o', 'loop', this.#image, this.directory]);
  }

  /** Call it after everything that lives on the disk has registered its own end: hooks run in their order. */
  removeAfter(t: TestContext): void {
    t.after(() => {
      spawnSync('umount', ['-l', this.directory]);
      rmSync(this.#root, { recursive: true, force: true });
    });
  }
}

function directoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ''; // It has ended.
  }
}
