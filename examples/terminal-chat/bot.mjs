/** The bot: what it does with a message, and how it comes by a token. The part to read when writing one's own. */

/**
 * @param options.service the API of Valetkey (service.mjs)
 * @param options.user    who is talking, taken from the chat platform's signed event; never from the text
 * @param options.github  address of GitHub's API
 * @param options.say     posts a message into the chat
 */
export function createBot({ service, user, github, say }) {
  let waiting;

  /** Answers one message of the chat. */
  async function hear(text) {
    if (waiting && /^[A-Z0-9]{4}[- ]?[A-Z0-9]{4}$/i.test(text.trim())) return prove(text.trim());
    if (/^\/disconnect/.test(text)) return disconnect();
    if (/github|who am i/i.test(text)) return tellWhoTheyAre();
    return say('Ask me "who am I on GitHub?", or say /disconnect.');
  }

  async function tellWhoTheyAre() {
    const answer = await service.findToken(user, 'github');
    if (answer.connect_url) return askToConnect(answer, tellWhoTheyAre);
    const response = await fetch(`${github}/user`, {
      headers: { authorization: `Bearer ${answer.access_token}`, 'user-agent': 'terminal-chat' },
    });
    if (!response.ok) return say(`GitHub answered ${response.status}.`);
    const person = await response.json();
    return say(`You are ${person.name ?? person.login} (@${person.login}) on GitHub.`);
  }

  /** Posts the link, and goes on with what was interrupted as soon as the person is connected. */
  async function askToConnect({ connect_url: url, connect_id: id }, goOn) {
    waiting = id;
    await say(`For that I need your GitHub account. Open this link: ${url}`);
    for (let told = 'pending'; waiting === id; ) {
      const { status, account, error } = await service.waitForConnect(id, told);
      if (status === 'connected') {
        waiting = undefined;
        await say(`Connected as ${account?.name ?? account?.id ?? 'you'}.`);
        return goOn();
      }
      if (status === 'awaiting_proof' && told !== status) await say('Your browser shows a code now. Type it here.');
      if (status === 'failed' || status === 'expired') {
        waiting = undefined;
        return say(`That did not work (${error ?? status}). Ask me again for a new link.`);
      }
      told = status;
    }
    return undefined;
  }

  /** The code proves that the person in the browser is the person in this chat; who waits for the connect goes on. */
  async function prove(code) {
    const answer = await service.submitProof(user, code);
    if (answer.status === 'connected') return undefined;
    if (answer.code === 'code_refused' && answer.attempts_left === 0)
      return say('That is not the code. Your browser shows it when you have consented; or ask me for a new link.');
    if (answer.code === 'code_refused') return say(`That is not the code; ${answer.attempts_left} tries left.`);
    return say(`That did not work: ${answer.detail}`);
  }

  async function disconnect() {
    const { revoked } = await service.disconnect(user, 'github');
    return say(`Forgotten. Revoked at GitHub: ${revoked}.`);
  }

  return { hear };
}
