/**
 * Which process listens on a port of this machine, from Linux's tables of sockets and open files.
 *
 * @module
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A process. */
export interface PortHolder {
  readonly pid: string;
  /** Its command line. */
  readonly command: string;
}

const LISTENING = '0A';
const PROCESSES_MAX = 10_000;
const FILES_MAX = 100_000;

/** Finds it; absent when it cannot be told, for example because it is another user's. */
export async function findPortHolder(root: string, port: number): Promise<PortHolder | undefined> {
  const inodes = new Set<string>();
  for (const table of ['proc/net/tcp', 'proc/net/tcp6']) {
    for (const inode of listenersIn(await textOf(join(root, table)), port)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  const names = await namesIn(join(root, 'proc'));
  const pids = names.filter((name) => /^\d+$/.test(name)).slice(0, PROCESSES_MAX);
  for (const pid of pids) {
    if (!(await holds(join(root, 'proc', pid, 'fd'), inodes))) continue;
    const command = (await textOf(join(root, 'proc', pid, 'cmdline'))).replaceAll('\0', ' ');
    return { pid, command: command.trim() };
  }
  return undefined;
}

/** Columns: number, local address, remote address, state, …, the inode as the tenth. */
function listenersIn(table: string, port: number): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const local = columns[1]?.split(':')[1];
    const inode = columns[9];
    const isIt = columns[3] === LISTENING && Number.parseInt(local ?? '', 16) === port;
    return isIt && inode !== undefined ? [inode] : [];
  });
}

async function holds(folder: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const name of (await namesIn(folder)).slice(0, FILES_MAX)) {
    const target = await readlink(join(folder, name)).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
