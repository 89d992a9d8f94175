/** The texts of the pages in English; every other language must have the same shape. */

/** Every text; a function where something is filled in, of unescaped texts. */
export const english = {
  footer: 'Access is kept sealed and can be ended at any time.',
  whoGains: 'Who gets access',
  permissions: 'What it may do',
  onPlatform: (platform: string) => `on ${platform}`,
  someBot: 'A chat bot',
  unnamedChat: 'The person who got this link in the chat',
  chosenThere: (provider: string) => `What you choose at ${provider}`,
  unnamedAccount: 'Unnamed account',
  landing: {
    title: (provider: string) => `Connect ${provider}`,
    lead: (provider: string, bot: string) => `${bot} would like to use your ${provider} account.`,
    warning: 'Is this you? Go on only if this is your chat account and you asked for this link yourself.',
    warningUnnamed: 'Go on only if you asked for this link yourself. If somebody sent it to you, close this page.',
    go: (provider: string) => `Continue to ${provider}`,
    after: {
      chat_code: 'You sign in there. Then you get a code to type in the chat.',
      app_verifier: 'You sign in there. Then we check that it is you.',
      chat_login: 'You sign in there. Then you sign in at the chat.',
      none: 'You sign in there, and it is done.',
    },
    once: (span: string) => `This link works once, within the next ${span}.`,
  },
  repost: {
    title: 'Going on',
    lead: 'The provider has answered. If this page does not go on by itself, press the button.',
    go: 'Go on',
  },
  done: {
    codeTitle: 'One more step',
    codeLead: (provider: string) => `${provider} said yes. Type this code in the chat to finish:`,
    codeLabel: 'Your code',
    codeLasts: (span: string) => `Good for another ${span}`,
    copy: 'Copy code',
    copied: 'Copied',
    send: 'Send the code to the chat',
    secret: 'Did somebody else send you the link? Then give this code to nobody: it opens your account to them.',
    check: 'I have sent the code',
    look: 'Look again',
    notYet: 'No confirmation has come from the chat yet.',
    waitTitle: 'Waiting for your confirmation',
    waitLead: (provider: string) => `${provider} said yes. Go back to the chat to finish.`,
    loginLead: (provider: string, chat: string) =>
      `${provider} said yes. Now sign in at ${chat}, to show that it is you.`,
    login: (chat: string) => `Sign in at ${chat}`,
    connectedTitle: (provider: string) => `${provider} is connected`,
    connectedLead: 'You can close this page and go on in the chat.',
    goOn: 'Continue',
    show: 'Show how it ended',
    goBack: 'Go on where you stopped',
  },
  enter: {
    title: 'Your connections',
    lead: 'See which accounts are connected, and end what you no longer want.',
    go: 'Open my connections',
    once: 'The link works once, in this browser. Open it only if you asked for it yourself.',
  },
  connections: {
    title: 'Your connections',
    none: 'Nothing is connected yet.',
    more: 'More to connect',
    connect: (provider: string) => `Connect ${provider}`,
    reconnect: (provider: string) => `Reconnect ${provider}`,
    disconnect: (provider: string) => `Disconnect ${provider}`,
    ends: (provider: string) =>
      `The bot can no longer use this ${provider} account. The access is taken back at ${provider} where that is possible, and erased here for good.`,
    endsToo: (labels: string) => `This also ends your other access to the same account: ${labels}.`,
    connectedAt: 'Connected:',
    lastUsed: 'Last used:',
    never: 'never',
    by: (tool: string) => `by ${tool}`,
    uses: (count: number) => `Who used it (${count})`,
    usesHint: 'The latest ones, each tool at most once a minute. What it was for is what the tool itself said.',
    label: 'Label',
    status: {
      active: 'Connected',
      paused: 'Paused',
      expired: 'Expired',
      reauthorization_required: 'Needs you',
    },
    attention: {
      paused: (_provider: string, time: string) =>
        `You paused this on ${time}. Nobody can use it until you resume; nothing is lost meanwhile.`,
      expired: (provider: string) => `The access that ${provider} gave has run out. Connect again to go on using it.`,
      reauthorization_required: (provider: string) =>
        `${provider} no longer accepts this access: it was taken back there, or has ended. Connect again to go on using it.`,
    },
    pause: (provider: string) => `Pause ${provider}`,
    resume: (provider: string) => `Resume ${provider}`,
    leave: 'Leave this page',
    leaveHint: 'Do so on a device that others use.',
    back: 'Back to your connections',
  },
  disconnected: {
    title: (provider: string) => `${provider} is disconnected`,
    yes: (provider: string) => `The access was taken back at ${provider} and erased here.`,
    no: (provider: string) => `The access was erased here. ${provider} did not confirm that it ended there.`,
    unsupported: (provider: string) => `The access was erased here. ${provider} has no way to end it from outside.`,
    before: () => 'It was disconnected before. Nothing of it is left here.',
    nextYes: 'You can connect it again at any time.',
    nextElse: (provider: string) => `To be sure, remove the app in your settings at ${provider}.`,
  },
  messages: {
    invalid: {
      title: 'This did not come back right',
      what: 'What your browser sent does not fit what was started here. Nothing was connected.',
      next: 'Finish in the browser in which you began, or ask for a new link in the chat.',
    },
    gone: {
      title: 'This link is used up',
      what: 'It was opened before, or it is too old.',
      next: 'Ask for a new link in the chat.',
    },
    nothingHere: {
      title: 'Nothing to see here',
      what: 'The result is shown only in the browser that finished connecting, and only for a while.',
      next: 'Look in the chat whether it worked, or ask there for a new link.',
    },
    denied: {
      title: 'Nothing was connected',
      what: 'The provider was told no.',
      next: 'If you change your mind, ask for a new link in the chat.',
    },
    failed: {
      title: 'Nothing was connected',
      what: 'The sign-in did not lead to a connection.',
      next: 'Ask for a new link in the chat and try again.',
    },
    otherAccount: {
      title: 'Nothing was connected',
      what: 'This is another account than the one that was connected before.',
      next: 'Ask for a new link in the chat and sign in with the account you had, or disconnect that one first.',
    },
    accountTaken: {
      title: 'Nothing was connected',
      what: 'This account is already connected for somebody else in the chat.',
      next: 'Ask for a new link in the chat and sign in with an account of your own.',
    },
    otherPerson: {
      title: 'Nothing was connected',
      what: 'You did not sign in at the chat as the person whom the link was made for.',
      next: 'Ask for a new link in the chat yourself, and sign in as the same person.',
    },
    codesUsedUp: {
      title: 'Nothing was connected',
      what: 'A wrong code came from the chat too often, so the access was given back.',
      next: 'Ask for a new link in the chat and try again.',
    },
    tooLate: {
      title: 'Nothing was connected',
      what: 'The confirmation in the chat did not come in time, so the access was given back.',
      next: 'Ask for a new link in the chat and try again.',
    },
    provider: {
      title: 'The provider did not accept it',
      what: 'Its answer could not be used. This is not your fault, and nothing was connected.',
      next: 'Ask for a new link in the chat. If it happens again, tell the people who run the bot.',
    },
    unavailable: {
      title: 'Not right now',
      what: 'A part that is needed did not answer. Nothing was lost.',
      next: 'Wait a minute and try again, or ask for a new link in the chat.',
    },
    rateLimited: {
      title: 'Too many attempts',
      what: 'This was tried too often in a short time.',
      next: 'Wait a minute and try again.',
    },
    unknownProvider: {
      title: 'This cannot be connected here',
      what: 'No provider of that name is set up.',
      next: 'Check the link, or ask for a new one in the chat.',
    },
    notFound: {
      title: 'There is no such page',
      what: 'The address leads nowhere.',
      next: 'Open the link from the chat again, or ask there for a new one.',
    },
    forbidden: {
      title: 'This was not accepted',
      what: 'The form did not come from the page that is open here. Nothing was changed.',
      next: 'Go back, load the page again and repeat the step.',
    },
    internal: {
      title: 'Something went wrong',
      what: 'The fault is ours. Nothing was connected.',
      next: 'Try again. If it happens again, tell the people who run the bot.',
    },
    noSession: {
      title: 'Please come in through the chat',
      what: 'This page opens only with a fresh link.',
      next: 'Ask for your connections in the chat and open the link.',
    },
    left: {
      title: 'You have left',
      what: 'Your connections are closed in this browser. What is connected stays connected.',
      next: 'To come back, ask for a new link in the chat.',
    },
  },
};

/** The texts of one language. */
export type Texts = typeof english;
