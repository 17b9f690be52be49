import { GraphQLError } from 'graphql';

/** An error that clients of this namespace know by its code: in an envelope, or where there is none as an error of GraphQL. */
export class ContractError extends GraphQLError {
  readonly code: string;
  readonly data: unknown;

  constructor(code: string, message: string, data: unknown = null) {
    super(message, { extensions: { code, ...(data !== null && { data }) } });
    this.code = code;
    this.data = data;
  }
}
