// Original file: proto/kedge/v1/admin.proto


export interface GetCheckpointResponseInput {
  'note'?: (Buffer | Uint8Array | string);
}

export interface GetCheckpointResponseOutput {
  'note': (Buffer);
}
