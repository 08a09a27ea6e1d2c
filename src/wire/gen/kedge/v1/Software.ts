// Original file: proto/kedge/v1/gossip.proto


export interface SoftwareInput {
  'version'?: (string);
  'documents'?: (number);
}

export interface SoftwareOutput {
  'version': (string);
  'documents': (number);
}
