/** A response whose text is here already. */

/**
 * `Response` wraps a body in a stream, and reading that takes longer than all else that is done with a token response.
 * Here `text`, `json` and `clone` answer from the text itself; there is no `body`.
 */
export class WholeResponse extends Response {
  override readonly text: () => Promise<string>;
  override readonly json: () => Promise<unknown>;
  override readonly clone: () => WholeResponse;

  constructor(text: string, init: ResponseInit) {
    super(null, init);
    this.text = async () => text;
    this.json = async () => JSON.parse(text);
    this.clone = () => new WholeResponse(text, init);
  }
}
