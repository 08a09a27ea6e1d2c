// Original file: proto/kedge/v1/trust.proto


export interface KeepAliveInput {
}

export interface KeepAliveOutput {
}
