// Original file: proto/kedge/v1/gossip.proto

import type { SoftwareInput as _kedge_v1_SoftwareInput, SoftwareOutput as _kedge_v1_SoftwareOutput } from '../../kedge/v1/Software.ts';

export interface SignedMemberInput {
  'payload'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
  'software'?: (_kedge_v1_SoftwareInput | null);
}

export interface SignedMemberOutput {
  'payload': (Buffer);
  'signature': (Buffer);
  'software': (_kedge_v1_SoftwareOutput | null);
}
