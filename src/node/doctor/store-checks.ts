/**
 * Checks of a node's store: its folder, the disk, whether it opens, verifies and fits the clock.
 *
 * A store that a node has open is not touched. One of another user is not opened either: LevelDB
 * writes when it opens, and files of the wrong owner would then keep the node out.
 *
 * @module
 */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../../core/limits.ts';
import { restoreTrustedState } from '../../core/trusted/restore.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import { openLevelStore } from '../../storage/open-store.ts';
import type { NodeConfig } from '../config.ts';
import { loadFirstCharter } from '../first-charter.ts';
import type { Finding, Surroundings } from './finding.ts';
import { checkOrigin } from './origin-checks.ts';

const DISK_WARN_BYTES = 1024 * 1024 * 1024;
const DISK_FAIL_BYTES = 64 * 1024 * 1024;
/** Mode bits of group and others. */
const NOT_OWNER = 0o077;

/** Checks the store. */
export async function checkStore(
  config: NodeConfig,
  { userId, nowMs }: Surroundings,
): Promise<readonly Finding[]> {
  const { path } = config.store;
  const folder = await stat(path).catch(() => undefined);
  if (folder === undefined) {
    const parent = await nearestFolder(path);
    return [await checkParent(path, parent), await checkDisk(parent)];
  }
  if (!folder.isDirectory()) {
    const what = `${path} is a file`;
    return [{ check: 'store', verdict: 'fail', what, remedy: 'set store.path to a folder' }];
  }
  const disk = await checkDisk(path);
  if (userId !== undefined && folder.uid !== userId) {
    const what = `belongs to user ${String(folder.uid)}, this is ${String(userId)}: not opened`;
    const remedy = `sudo -u '#${String(folder.uid)}' kedge doctor, or chown -R the folder`;
    return [{ check: 'store', verdict: 'warn', what, remedy }, disk];
  }
  return [checkMode(path, folder.mode), disk, ...(await checkContent(config, nowMs))];
}

async function checkParent(path: string, parent: string): Promise<Finding> {
  const check = 'store';
  const mayWrite = await access(parent, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (mayWrite) return { check, verdict: 'ok', what: `${path} will be made at the first start` };
  const what = `${path} is not there, and this user may not make it in ${parent}`;
  return { check, verdict: 'fail', what, remedy: `install -d -m 700 -o <user> ${path}` };
}

function checkMode(path: string, mode: number): Finding {
  const check = 'store-folder';
  if ((mode & NOT_OWNER) === 0) {
    return { check, verdict: 'ok', what: `${path} is for its owner alone` };
  }
  const what = `${path} is open to other users, and the key of this node as a member is in it`;
  return { check, verdict: 'warn', what, remedy: `chmod 700 ${path}` };
}

async function checkDisk(path: string): Promise<Finding> {
  const check = 'disk';
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  const what = `${String(Math.round(freeBytes / 1024 / 1024))} MiB are free`;
  if (freeBytes >= DISK_WARN_BYTES) return { check, verdict: 'ok', what };
  return {
    check,
    verdict: freeBytes < DISK_FAIL_BYTES ? 'fail' : 'warn',
    what: `${what}: a node with a full disk takes no new release`,
    remedy: `df -h ${path}`,
  };
}

/** Opens what is there; never makes a store, which is the node's to do. */
async function checkContent(config: NodeConfig, nowMs: number): Promise<readonly Finding[]> {
  const check = 'store';
  const { path } = config.store;
  const isStore = await stat(join(path, 'CURRENT')).then(
    () => true,
    () => false,
  );
  if (!isStore) return [{ check, verdict: 'ok', what: 'is empty; the first start fills it' }];
  try {
    await using store = await openLevelStore(path);
    const stored = await store.load();
    if (stored.charters.length === 0) return [{ check, verdict: 'ok', what: 'has no charter yet' }];
    const { digest } = await loadFirstCharter(config);
    const pin = { realm: config.realm, firstCharterDigest: digest };
    const state = restoreTrustedState(pin, stored);
    const { charters, streams } = state;
    const counts = `charters: ${String(charters.length)}, bundles: ${String(streams.size)}`;
    const opens = { check, verdict: 'ok', what: `opens and verifies; ${counts}` } as const;
    return [opens, ...(await checkOrigin(store, config)), clock(state, nowMs)];
  } catch (thrown) {
    const { code, detail, message } = KedgeError.from(thrown);
    if (detail['reason'] === 'locked') {
      return [{ check, verdict: 'ok', what: 'is in use by a running process; not looked into' }];
    }
    const remedy =
      code === 'REALM'
        ? 'set realm and firstCharterDigest to what it was made with, or another store.path'
        : 'see docs/errors.md#store';
    return [{ check, verdict: 'fail', what: message, remedy }];
  }
}

/** No statement comes from the future: then the clock is behind. */
function clock({ charters, streams }: TrustedState, nowMs: number): Finding {
  const heads = [...streams.values()].flatMap(({ head }) => (head === undefined ? [] : [head]));
  const newestMs = Math.max(...[...charters, ...heads].map(({ issuedMs }) => issuedMs));
  const check = 'clock';
  const now = formatTimestamp(nowMs);
  if (newestMs <= nowMs + CLOCK_SKEW_MAX_MS) {
    return { check, verdict: 'ok', what: `${now}, later than all that the store holds` };
  }
  const what = `${now}, but the store holds what was issued at ${formatTimestamp(newestMs)}`;
  return { check, verdict: 'fail', what, remedy: 'timedatectl set-ntp true; date -u' };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() === true || folder === dirname(folder)) return folder;
  }
}
