// Original file: proto/kedge/v1/admin.proto


export interface ListProposalsRequestInput {
}

export interface ListProposalsRequestOutput {
}
