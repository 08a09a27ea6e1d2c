/**
 * `kedge bundle export`: the trusted anchors of a bundle, for what cannot use the SDK.
 *
 * PEM has no room for constraints and for "only leaves issued before". What would be lost is
 * refused unless the caller decides (`--lossy`), and an export is never empty: an empty trust store
 * takes a service down, a missing update does not.
 *
 * @module
 */
import { Option } from 'commander';
import { type Anchor, isTrusted } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { encodePem } from '../../core/pem.ts';
import { replaceFile } from '../files.ts';
import { addExamples } from '../help.ts';
import {
  addBundleOptions,
  type BundleOptions,
  type OpenedBundle,
  openBundle,
} from '../release/bundle-options.ts';
import { anchorJson } from '../release/change-view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf, printable } from '../terminal/styles.ts';

type ExportFormat = 'pem' | 'json';

interface Options extends BundleOptions {
  readonly format?: ExportFormat;
  readonly purpose?: string;
  readonly lossy: 'refuse' | 'include' | 'exclude';
  readonly out?: string;
}

/** The command. */
export const bundleExport: CommandModule = {
  configure(command, session) {
    command.description(
      'Write the trusted anchors of a bundle (active and retiring, never staged) as PEM or JSON, ' +
        'verified from the pin down. A file is replaced in one step; an empty set is refused.',
    );
    addBundleOptions(command)
      .addOption(
        new Option(
          '--format <name>',
          'of the export (default: pem, with --output json: json)',
        ).choices(['pem', 'json']),
      )
      .option('--purpose <name>', 'only anchors for this, for example tls-server')
      .addOption(
        new Option('--lossy <how>', 'what to do with anchors whose limits PEM cannot express')
          .choices(['refuse', 'include', 'exclude'])
          .default('refuse'),
      )
      .option('--out <file>', 'file to write or replace (default: standard output)')
      .action((name: string | undefined, options: Options) => run(session, name, options));
    addExamples(command, [
      'kedge bundle export public-web --purpose tls-server > ca-certificates.pem',
      'kedge bundle export payments.prod.example.org --out /etc/ssl/payments.pem',
      'kedge bundle export payments.prod.example.org --format json | jq .anchors[].id',
    ]);
  },
};

async function run(session: Session, name: string | undefined, options: Options): Promise<void> {
  const opened = await openBundle(session, name, options);
  const format = options.format ?? (session.output.format === 'json' ? 'json' : 'pem');
  const anchors = selectAnchors(session, opened, { ...options, format });
  const content = format === 'pem' ? exportPem(opened, anchors) : exportJson(opened, anchors);
  if (options.out === undefined) {
    session.output.raw(content);
    return;
  }
  const path = session.path(options.out);
  await replaceFile(path, content, 'public');
  session.output.result(
    { file: path, anchors: anchors.length, sequence: opened.head.sequence },
    `Wrote ${countOf(anchors.length, 'anchor')} of release ${opened.head.sequence} to ${path}.`,
  );
}

function selectAnchors(
  session: Session,
  { bundle, head }: OpenedBundle,
  options: Options,
): readonly Anchor[] {
  const { purpose } = options;
  const trusted = head.body.anchors.filter(
    (anchor) => isTrusted(anchor) && (purpose === undefined || anchor.purposes.includes(purpose)),
  );
  const lossy = options.format === 'json' ? [] : trusted.filter(isLossy);
  if (lossy.length > 0) {
    const names = lossy.map(({ label }) => `"${printable(label)}"`).join(', ');
    if (options.lossy === 'refuse') {
      throw new KedgeError('POLICY', `PEM cannot express the limits of ${names}`, {
        detail: { hint: 'decide with --lossy include or --lossy exclude, or use --format json' },
      });
    }
    session.output.warn(
      options.lossy === 'include'
        ? `exported without its limits: ${names}`
        : `left out, because PEM cannot express its limits: ${names}`,
    );
  }
  const chosen =
    options.lossy === 'exclude' ? trusted.filter((one) => !lossy.includes(one)) : trusted;
  if (chosen.length > 0) return chosen;
  throw new KedgeError('POLICY', `${bundle} has no trusted anchor to export for this purpose`, {
    detail: { hint: 'see kedge bundle show; an existing file was left as it is' },
  });
}

function isLossy(anchor: Anchor): boolean {
  return anchor.constraints.length > 0 || anchor.distrustAfterMs !== undefined;
}

function exportPem({ bundle, head, blobs }: OpenedBundle, anchors: readonly Anchor[]): string {
  const blocks = anchors.map(
    ({ id, label }) =>
      `# ${printable(label)}\n# sha256 ${id}\n${encodePem('CERTIFICATE', requireBlob(blobs, id))}`,
  );
  const title = `# Kedge bundle ${bundle}, release ${head.sequence}, ${head.digest}`;
  return `${title}\n\n${blocks.join('\n')}`;
}

function exportJson({ bundle, head, blobs }: OpenedBundle, anchors: readonly Anchor[]): string {
  const value = {
    bundle,
    sequence: head.sequence,
    digest: head.digest,
    issued: formatTimestamp(head.issuedMs),
    expires: formatTimestamp(head.expiresMs),
    anchors: anchors.map((anchor) => ({
      ...anchorJson(anchor, blobs),
      pem: encodePem('CERTIFICATE', requireBlob(blobs, anchor.id)),
    })),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function requireBlob(blobs: OpenedBundle['blobs'], id: Anchor['id']): Uint8Array {
  const der = blobs.get(id);
  if (der !== undefined) return der;
  throw new KedgeError('BUG', `the certificate of anchor ${id} was verified and is not there`);
}
