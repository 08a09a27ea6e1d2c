/**
 * Opening one bundle for reading: from a node, or from a release file.
 *
 * @module
 */
import { type Command, Option } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName, splitStream } from '../../core/ids.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { ReleaseHead } from '../../core/trusted/state.ts';
import { loadRelease } from '../draft/file.ts';
import { parseArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm, type RealmRelease } from '../realm/realm.ts';
import { addDemandOptions, type DemandOptions } from '../realm/region-demand.ts';
import type { Session } from '../session.ts';
import { requireHead } from './history.ts';

/** Options of commands that read one bundle. */
export interface BundleOptions extends RealmOptions, DemandOptions {
  readonly file?: string;
}

/** A bundle that was read and verified. */
export type OpenedBundle = RealmRelease & {
  readonly head: ReleaseHead;
  readonly bundle: BundleName;
};

/** Adds the argument and options of {@link BundleOptions}. */
export function addBundleOptions(command: Command): Command {
  command
    .argument('[bundle]', 'name of the bundle (not needed with --file)')
    .addOption(new Option('--file <release>', 'read this release file instead of asking a node'));
  return addDemandOptions(addRealmOptions(command));
}

/** Reads and verifies the newest release of the bundle that argument and options mean. */
export async function openBundle(
  session: Session,
  name: string | undefined,
  options: BundleOptions,
): Promise<OpenedBundle> {
  const { file, ...rest } = options;
  const bundle = await bundleName(session, name, file);
  await using realm = await openRealm(session, file === undefined ? rest : { ...rest, base: file });
  return { ...(await requireHead(realm, bundle)), bundle };
}

async function bundleName(
  session: Session,
  name: string | undefined,
  file: string | undefined,
): Promise<BundleName> {
  if (name !== undefined) return parseArgument('bundle', name, parseBundleName);
  if (file === undefined) {
    throw new KedgeError('CONFIG', 'the bundle is not given', {
      detail: { hint: 'give its name, or a release file with --file; see kedge bundle list' },
    });
  }
  const { document } = await loadRelease(session.path(file));
  const stream = splitStream(parseStatement(document.statement.payload).stream);
  if (stream.kind !== 'charter') return stream.bundle;
  throw new KedgeError('TYPE', `${file} is a charter, not a release`);
}
