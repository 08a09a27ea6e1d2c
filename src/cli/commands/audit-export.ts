/**
 * `kedge audit export`: a folder that an auditor verifies without this program.
 *
 * @module
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { type ExportedFile, logFiles, readmeFile, streamFiles } from '../audit/folder.ts';
import { readWholeLog } from '../audit/verifying.ts';
import { fileError, fileExists } from '../files.ts';
import { addExamples } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf } from '../terminal/styles.ts';

/** The command. */
export const auditExport: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Write everything that an auditor needs into a folder that verifies with openssl, ' +
          'sha256sum and jq: the audit log of a node with its checkpoint, all charters and ' +
          'releases as DSSE with their bodies, certificates as PEM, cosigned checkpoints and ' +
          'C2SP proofs. It is verified before it is written.',
      )
      .argument('<folder>', 'where to; made when it is not there, else it must be empty');
    addRealmOptions(command).action((folder: string, options: RealmOptions) =>
      run(session, folder, options),
    );
    addExamples(command, [
      'kedge audit export audit-2026-11',
      'bash docs/verify-export.sh audit-2026-11 <digest of the first charter>',
    ]);
  },
};

async function run(session: Session, name: string, options: RealmOptions): Promise<void> {
  const folder = session.path(name);
  await requireEmpty(folder);
  await using realm = await openRealm(session, options);
  const log = await readWholeLog(realm);
  const { node, size } = log.read.checkpoint;
  const readme = readmeFile({
    realm: realm.state.realm,
    pin: realm.pin.digest,
    node,
    time: formatTimestamp(session.context.nowMs()),
  });
  let files = 0;
  const write = async (file: ExportedFile): Promise<void> => {
    await writeInto(folder, file);
    files += 1;
  };
  for (const file of [readme, ...logFiles(log)]) await write(file);
  for await (const file of streamFiles(realm)) await write(file);
  session.output.result(
    { folder, files, node, entries: size, first: log.first },
    `Wrote ${countOf(files, 'file')} to ${session.shown(folder)}; README.md says what they are.`,
  );
}

async function requireEmpty(folder: string): Promise<void> {
  if (!(await fileExists(folder))) return;
  const names = await inFolder(folder, () => readdir(folder));
  if (names.length === 0) return;
  throw new KedgeError('CONFIG', `${folder} is not empty; nothing was written`, {
    detail: { hint: 'give the name of a new folder' },
  });
}

async function writeInto(folder: string, { path, content }: ExportedFile): Promise<void> {
  const file = join(folder, path);
  await inFolder(file, async () => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { flag: 'wx' });
  });
}

async function inFolder<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw fileError(cause, `cannot write ${path}`);
  }
}
