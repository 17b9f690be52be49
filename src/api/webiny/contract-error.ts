/** An error that clients of this namespace know by its code. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code: string;
  readonly data: unknown;

  constructor(code: string, message: string, data: unknown = null) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
