/**
 * A disk that fills up: a small file system in memory where mounting is allowed, else a limit on
 * the size of the files of a process.
 */
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How to fill the disk and make room again. */
export interface SmallDisk extends Disposable {
  /** Leaves little room to the process. */
  fill(pid: number): Promise<void>;
  free(pid: number): Promise<void>;
}

const DISK_MIB = 16;
const ROOM_MIB = 2;
const FILE_MAX_BYTES = 200_000;

/** Makes the folder `path`, which exists and is empty, such a disk until it is disposed. */
export function smallDisk(path: string): SmallDisk {
  const options = ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path];
  if (spawnSync('mount', options).status !== 0) return limitedFiles();
  const ballast = join(path, 'ballast');
  return {
    fill: () => writeFile(ballast, new Uint8Array((DISK_MIB - ROOM_MIB) * 1024 * 1024)),
    free: () => rm(ballast),
    [Symbol.dispose]: () => void spawnSync('umount', [path]),
  };
}

function limitedFiles(): SmallDisk {
  const limit = (pid: number, soft: string): void => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
    if (status !== 0) throw new Error(`prlimit failed: ${stderr.toString()}`);
  };
  return {
    fill: async (pid) => limit(pid, String(FILE_MAX_BYTES)),
    free: async (pid) => limit(pid, 'unlimited'),
    [Symbol.dispose]: () => undefined,
  };
}
