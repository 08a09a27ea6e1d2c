import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateExpiry } from '../../src/node/certificate-expiry.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { recordingLogger } from './support/setup.ts';

const DAY_MS = 86_400_000;
const START_MS = Math.floor(Date.now() / 1000) * 1000;
const pki = createTestPki({ validForMs: 400 * DAY_MS });

function leafOf(validForMs: number): X509Certificate {
  const { certificatePem } = pki.issue('node', { nowMs: START_MS, validForMs });
  return new X509Certificate(certificatePem);
}

function watched(leaf: X509Certificate): {
  readonly at: (days: number) => readonly string[];
  readonly gauge: () => number | undefined;
} {
  const logger = recordingLogger();
  let seconds: number | undefined;
  const metrics: Metrics = {
    increment: () => undefined,
    set: (_name, value) => {
      seconds = value;
    },
  };
  const expiry = new CertificateExpiry(logger, metrics);
  return {
    at: (days) => {
      const before = logger.lines.length;
      expiry.check(leaf, START_MS + days * DAY_MS);
      return logger.lines.slice(before).map(({ event }) => event);
    },
    gauge: () => seconds,
  };
}

describe('CertificateExpiry', () => {
  it('says nothing in the first two thirds of a short life', () => {
    expect(watched(leafOf(9 * DAY_MS)).at(5)).toEqual([]);
  });

  it('warns in the last third, once a day', () => {
    const { at } = watched(leafOf(9 * DAY_MS));
    expect(at(7)).toEqual(['certificate.expiring']);
    expect(at(7.5)).toEqual([]);
    expect(at(8)).toEqual(['certificate.expiring']);
  });

  it('warns of a long life thirty days ahead', () => {
    const { at } = watched(leafOf(365 * DAY_MS));
    expect(at(330)).toEqual([]);
    expect(at(336)).toEqual(['certificate.expiring']);
  });

  it('says at once that it has expired', () => {
    const { at } = watched(leafOf(9 * DAY_MS));
    expect(at(8.9)).toEqual(['certificate.expiring']);
    expect(at(9.1)).toEqual(['certificate.expiring']);
  });

  it('shows the end of the certificate as a gauge', () => {
    const leaf = leafOf(9 * DAY_MS);
    const { at, gauge } = watched(leaf);
    at(0);
    expect(gauge()).toBe(Date.parse(leaf.validTo) / 1000);
  });
});
