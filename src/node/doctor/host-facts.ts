/**
 * Facts about a Linux host, read from its pseudo files below a given root.
 *
 * What cannot be read is absent: another system, a container that hides it, another user's process.
 *
 * @module
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files below /proc have no useful size; what is used of them is short. */
const FACT_MAX_CHARS = 1024 * 1024;
const UNLIMITED = ['unlimited', 'max'];
/** Cgroup v1 says "no limit" with a number near 2^63. */
const UNLIMITED_MIN_BYTES = 2 ** 60;

/** Reads facts below `root`. */
export class HostFacts {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** A kernel setting such as `net.core.somaxconn`. */
  async setting(name: string): Promise<string | undefined> {
    return (await this.text(`proc/sys/${name.replaceAll('.', '/')}`))?.trim();
  }

  /** How many files a process may have open; `Infinity` when there is no limit. */
  async openFilesMax(process: string): Promise<number | undefined> {
    const limits = await this.text(`proc/${process}/limits`);
    const soft = /^Max open files\s+(\S+)/m.exec(limits ?? '')?.[1];
    return soft === undefined ? undefined : limitOf(soft);
  }

  /** How much memory a process may use, bytes: its cgroup's limit, or what the machine has. */
  async memoryMaxBytes(process: string): Promise<number | undefined> {
    const group = /^0::(\S+)$/m.exec((await this.text(`proc/${process}/cgroup`)) ?? '')?.[1];
    const places = [
      `sys/fs/cgroup${group ?? ''}/memory.max`,
      'sys/fs/cgroup/memory.max',
      'sys/fs/cgroup/memory/memory.limit_in_bytes',
    ];
    const total = /^MemTotal:\s+(\d+) kB$/m.exec((await this.text('proc/meminfo')) ?? '')?.[1];
    const found = total === undefined ? [] : [Number(total) * 1024];
    for (const place of places) {
      const text = (await this.text(place))?.trim();
      if (text !== undefined) found.push(limitOf(text));
    }
    return found.length === 0 ? undefined : Math.min(...found);
  }

  /** How many processors the machine has. */
  async processors(): Promise<number | undefined> {
    const text = (await this.text('proc/cpuinfo')) ?? '';
    return text.match(/^processor\s*:/gm)?.length;
  }

  /** Says whether something is at a path below the root. */
  async has(path: string): Promise<boolean> {
    return access(join(this.#root, path)).then(
      () => true,
      () => false,
    );
  }

  /** The text of a file below the root. */
  async text(path: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.#root, path), 'utf8')).slice(0, FACT_MAX_CHARS);
    } catch {
      // Not there, or not for this user: then it is not known.
      return undefined;
    }
  }
}

function limitOf(text: string): number {
  const value = UNLIMITED.includes(text) ? Number.POSITIVE_INFINITY : Number(text);
  return value >= UNLIMITED_MIN_BYTES ? Number.POSITIVE_INFINITY : value;
}
