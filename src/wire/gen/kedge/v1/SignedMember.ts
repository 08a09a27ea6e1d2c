// Original file: proto/kedge/v1/gossip.proto


export interface SignedMemberInput {
  'payload'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface SignedMemberOutput {
  'payload': (Buffer);
  'signature': (Buffer);
}
