/** A built-in person, so that the example runs by itself: does what a browser at the pages of `BASE_URL` does. */

/** Opens the link, consents at the authorization server as `person`, and reads the code that the last page shows. */
export async function connectInBrowser(manager, { provider, connectUrl }, person) {
  const link = new URL(connectUrl).searchParams.get('link');
  const { authorizationUrl, browserSecret } = await manager.startAuthorization(provider, link);
  const answer = await fetch(authorizationUrl, { redirect: 'manual', headers: { 'x-person': person } });
  const { searchParams } = new URL(answer.headers.get('location'));
  await manager.finishAuthorization(provider, searchParams, browserSecret.reveal());
  const { returnCode } = await manager.describeFinished(provider, browserSecret.reveal());
  return returnCode.reveal();
}
