// Original file: proto/kedge/v1/admin.proto


export interface GetCheckpointRequestInput {
  'stream'?: (string);
}

export interface GetCheckpointRequestOutput {
  'stream': (string);
}
