/** A host for signers in tests: secrets from a list, what is said is kept. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SecretRequest, SignerHost } from '../../src/signers/host.ts';

export interface TestHost extends SignerHost {
  readonly asked: readonly SecretRequest[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

export function testHost(
  settings: {
    readonly secrets?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly signal?: AbortSignal;
  } = {},
): TestHost {
  const left = [...(settings.secrets ?? [])];
  const asked: SecretRequest[] = [];
  const notes: string[] = [];
  const warnings: string[] = [];
  return {
    asked,
    notes,
    warnings,
    env: settings.env ?? {},
    signal: settings.signal ?? new AbortController().signal,
    path: (file) => resolve(settings.cwd ?? '/nonexistent', file),
    read: async (path) => new Uint8Array(await readFile(path)),
    secret: async (request) => {
      asked.push(request);
      return left.shift() ?? '';
    },
    note: (text) => notes.push(text),
    warn: (text) => warnings.push(text),
  };
}
