/**
 * What a client used, as a message ⇄ the values of `core/watch/messages.ts`. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import { parseBundleName } from '../core/ids.ts';
import { ANCHOR_USES_MAX, LABEL_MAX_CHARS } from '../core/limits.ts';
import type { AnchorUse, Usage } from '../core/watch/messages.ts';
import { decodeSha256, decodeText, decodeUint, encodeHexBytes, requireCount } from './fields.ts';
import type { UsageInput, UsageOutput } from './gen/kedge/v1/Usage.ts';

/** Reads a report. */
export function decodeUsage({ bundle, uses, untracked }: UsageOutput): Usage {
  return {
    bundle: parseBundleName(bundle),
    uses: requireCount(uses, ANCHOR_USES_MAX, 'uses of anchors').map(
      ({ anchor, purpose, handshakes, agoMs }): AnchorUse => ({
        anchor: decodeSha256(anchor, 'used anchor'),
        purpose: decodeText(purpose, LABEL_MAX_CHARS, 'purpose of a use'),
        handshakes: decodeUint(handshakes, 'handshakes'),
        agoMs: decodeUint(agoMs, 'age of a use'),
      }),
    ),
    untracked,
  };
}

/** The message of a report. */
export function usageMessage({ bundle, uses, untracked }: Usage): UsageInput {
  return {
    bundle,
    uses: uses.map(({ anchor, purpose, handshakes, agoMs }) => ({
      anchor: encodeHexBytes(anchor),
      purpose,
      handshakes: String(handshakes),
      agoMs: String(Math.max(0, Math.round(agoMs))),
    })),
    untracked,
  };
}
