/**
 * What tests of a node need: a realm now, its first charter as a file, configurations.
 *
 * @module
 */
import { stringify } from 'yaml';
import { encodeBase64, parseUtf8 } from '../../../src/core/bytes.ts';
import { encodeEnvelope, type SignedDocument } from '../../../src/core/statements/envelope.ts';
import type { NodeConfig } from '../../../src/node/config.ts';
import { parseNodeConfig } from '../../../src/node/config-file.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import type { TempDir } from '../../../src/testing/temp-dir.ts';

/** A realm whose documents are issued now. */
export function realmNow(): TestRealm {
  return createTestRealm({ realm: 'prod.example.org', now: Date.now });
}

/** A document as `kedge realm init` writes it. */
export function documentFile({ statement, body }: SignedDocument): string {
  const envelope: unknown = JSON.parse(parseUtf8(encodeEnvelope(statement)));
  return JSON.stringify({ format: 'kedge-document/1', envelope, body: encodeBase64(body) });
}

/** A plaintext configuration on free ports, with changes. */
export function configFor(
  dir: TempDir,
  realm: TestRealm,
  changes: Readonly<Record<string, unknown>> = {},
): NodeConfig {
  const plain = {
    node: { id: 'iad-1', region: 'iad' },
    realm: realm.name,
    firstCharterFile: 'charter-1.json',
    store: { path: 'data' },
    listen: { clients: '127.0.0.1:0', peers: 'localhost:0' },
    insecure: true,
    drainTimeoutMs: 200,
    ...changes,
  };
  return parseNodeConfig(stringify(plain), dir.join('node.yaml'));
}

/** A logger that keeps what it is given. */
export function recordingLogger(): Logger & { readonly lines: readonly LogFields[] } {
  const lines: LogFields[] = [];
  const take = (fields: LogFields): void => {
    lines.push(fields);
  };
  const logger = { lines, debug: take, info: take, warn: take, error: take, child: () => logger };
  return logger;
}
