// Original file: proto/kedge/v1/gossip.proto


export interface AdoptionDigestInput {
  'root'?: (Buffer | Uint8Array | string);
}

export interface AdoptionDigestOutput {
  'root': (Buffer);
}
