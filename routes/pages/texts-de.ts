/** The texts of the pages in German. */

import type { Texts } from './texts-en.js';

export const german: Texts = {
  footer: 'Zugriffe liegen versiegelt und lassen sich jederzeit beenden.',
  whoGains: 'Wer Zugriff bekommt',
  permissions: 'Was erlaubt wird',
  onPlatform: (platform) => `auf ${platform}`,
  someBot: 'Ein Chat-Bot',
  unnamedChat: 'Die Person, die diesen Link im Chat bekam',
  chosenThere: (provider) => `Was du bei ${provider} auswählst`,
  unnamedAccount: 'Konto ohne Namen',
  landing: {
    title: (provider) => `${provider} verbinden`,
    lead: (provider, bot) => `${bot} möchte dein Konto bei ${provider} nutzen.`,
    warning: 'Bist du das? Mach nur weiter, wenn das dein Chat-Konto ist und du diesen Link selbst angefordert hast.',
    warningUnnamed:
      'Mach nur weiter, wenn du diesen Link selbst angefordert hast. Hat ihn dir jemand geschickt, schließ diese Seite.',
    go: (provider) => `Weiter zu ${provider}`,
    after: {
      chat_code: 'Dort meldest du dich an. Dann bekommst du einen Code, den du im Chat eingibst.',
      app_verifier: 'Dort meldest du dich an. Dann prüfen wir, dass du es bist.',
      chat_login: 'Dort meldest du dich an. Dann meldest du dich beim Chat an.',
      none: 'Dort meldest du dich an, und es ist fertig.',
    },
    once: (span) => `Dieser Link gilt einmal, noch ${span}.`,
  },
  repost: {
    title: 'Es geht weiter',
    lead: 'Der Anbieter hat geantwortet. Falls diese Seite nicht von selbst weitergeht, drück den Knopf.',
    go: 'Weiter',
  },
  done: {
    codeTitle: 'Noch ein Schritt',
    codeLead: (provider) => `${provider} hat zugestimmt. Gib zum Abschluss diesen Code im Chat ein:`,
    codeLabel: 'Dein Code',
    codeLasts: (span) => `Gilt noch ${span}`,
    copy: 'Code kopieren',
    copied: 'Kopiert',
    send: 'Code in den Chat senden',
    secret:
      'Hat dir jemand anderes den Link geschickt? Dann gib diesen Code niemandem: Er öffnet dein Konto für andere.',
    check: 'Ich habe den Code gesendet',
    look: 'Noch einmal nachsehen',
    notYet: 'Aus dem Chat ist noch keine Bestätigung gekommen.',
    waitTitle: 'Deine Bestätigung fehlt noch',
    waitLead: (provider) => `${provider} hat zugestimmt. Geh zum Abschluss zurück in den Chat.`,
    loginLead: (provider, chat) =>
      `${provider} hat zugestimmt. Melde dich jetzt bei ${chat} an, um zu zeigen, dass du es bist.`,
    login: (chat) => `Bei ${chat} anmelden`,
    connectedTitle: (provider) => `${provider} ist verbunden`,
    connectedLead: 'Du kannst diese Seite schließen und im Chat weitermachen.',
    goOn: 'Weiter',
    show: 'Zeigen, wie es ausging',
    goBack: 'Dort weitermachen, wo du warst',
  },
  enter: {
    title: 'Deine Verbindungen',
    lead: 'Sieh, welche Konten verbunden sind, und beende, was du nicht mehr möchtest.',
    go: 'Meine Verbindungen öffnen',
    once: 'Der Link gilt einmal, in diesem Browser. Öffne ihn nur, wenn du ihn selbst angefordert hast.',
  },
  connections: {
    title: 'Deine Verbindungen',
    none: 'Noch ist nichts verbunden.',
    more: 'Mehr verbinden',
    connect: (provider) => `${provider} verbinden`,
    reconnect: (provider) => `${provider} neu verbinden`,
    disconnect: (provider) => `${provider} trennen`,
    ends: (provider) =>
      `Der Bot kann dieses Konto bei ${provider} nicht mehr nutzen. Der Zugriff wird bei ${provider} zurückgenommen, wo das möglich ist, und hier endgültig gelöscht.`,
    endsToo: (labels) => `Damit endet auch dein anderer Zugriff auf dasselbe Konto: ${labels}.`,
    connectedAt: 'Verbunden:',
    lastUsed: 'Zuletzt genutzt:',
    never: 'nie',
    by: (tool) => `von ${tool}`,
    uses: (count) => `Wer es genutzt hat (${count})`,
    usesHint: 'Die letzten Male, jedes Werkzeug höchstens einmal je Minute. Wozu, hat das Werkzeug selbst angegeben.',
    label: 'Name',
    status: {
      active: 'Verbunden',
      paused: 'Pausiert',
      expired: 'Abgelaufen',
      reauthorization_required: 'Braucht dich',
    },
    attention: {
      paused: (_provider, time) =>
        `Du hast das am ${time} pausiert. Niemand kann es nutzen, bis du fortsetzt; verloren geht dabei nichts.`,
      expired: (provider) => `Der Zugriff, den ${provider} gab, ist abgelaufen. Verbinde neu, um ihn weiter zu nutzen.`,
      reauthorization_required: (provider) =>
        `${provider} nimmt diesen Zugriff nicht mehr an: Er wurde dort zurückgenommen oder ist zu Ende. Verbinde neu, um ihn weiter zu nutzen.`,
    },
    pause: (provider) => `${provider} pausieren`,
    resume: (provider) => `${provider} fortsetzen`,
    leave: 'Seite verlassen',
    leaveHint: 'Tu das auf einem Gerät, das auch andere nutzen.',
    back: 'Zurück zu deinen Verbindungen',
  },
  disconnected: {
    title: (provider) => `${provider} ist getrennt`,
    yes: (provider) => `Der Zugriff wurde bei ${provider} zurückgenommen und hier gelöscht.`,
    no: (provider) => `Der Zugriff wurde hier gelöscht. ${provider} hat nicht bestätigt, dass er dort endet.`,
    unsupported: (provider) => `Der Zugriff wurde hier gelöscht. ${provider} lässt ihn von außen nicht beenden.`,
    before: () => 'Die Verbindung war schon getrennt. Hier ist nichts mehr davon.',
    nextYes: 'Du kannst jederzeit neu verbinden.',
    nextElse: (provider) => `Entferne die App zur Sicherheit in deinen Einstellungen bei ${provider}.`,
  },
  messages: {
    invalid: {
      title: 'Das kam nicht richtig zurück',
      what: 'Was dein Browser schickte, passt nicht zu dem, was hier begann. Es wurde nichts verbunden.',
      next: 'Beende es in dem Browser, in dem du begonnen hast, oder bitte im Chat um einen neuen Link.',
    },
    gone: {
      title: 'Dieser Link ist verbraucht',
      what: 'Er wurde schon geöffnet oder ist zu alt.',
      next: 'Bitte im Chat um einen neuen Link.',
    },
    nothingHere: {
      title: 'Hier gibt es nichts zu sehen',
      what: 'Das Ergebnis steht nur eine Weile und nur in dem Browser, in dem verbunden wurde.',
      next: 'Sieh im Chat nach, ob es geklappt hat, oder bitte dort um einen neuen Link.',
    },
    denied: {
      title: 'Es wurde nichts verbunden',
      what: 'Beim Anbieter wurde abgelehnt.',
      next: 'Wenn du es dir anders überlegst, bitte im Chat um einen neuen Link.',
    },
    failed: {
      title: 'Es wurde nichts verbunden',
      what: 'Die Anmeldung führte zu keiner Verbindung.',
      next: 'Bitte im Chat um einen neuen Link und versuch es noch einmal.',
    },
    otherAccount: {
      title: 'Es wurde nichts verbunden',
      what: 'Das ist ein anderes Konto als das, das vorher verbunden war.',
      next: 'Bitte im Chat um einen neuen Link und melde dich mit deinem bisherigen Konto an, oder trenne jenes zuerst.',
    },
    accountTaken: {
      title: 'Es wurde nichts verbunden',
      what: 'Dieses Konto ist im Chat schon für jemand anderen verbunden.',
      next: 'Bitte im Chat um einen neuen Link und melde dich mit einem eigenen Konto an.',
    },
    otherPerson: {
      title: 'Es wurde nichts verbunden',
      what: 'Du hast dich beim Chat nicht als die Person angemeldet, für die der Link gemacht wurde.',
      next: 'Bitte selbst im Chat um einen neuen Link und melde dich als dieselbe Person an.',
    },
    codesUsedUp: {
      title: 'Es wurde nichts verbunden',
      what: 'Aus dem Chat kam zu oft ein falscher Code, darum wurde der Zugriff zurückgegeben.',
      next: 'Bitte im Chat um einen neuen Link und versuch es noch einmal.',
    },
    tooLate: {
      title: 'Es wurde nichts verbunden',
      what: 'Die Bestätigung im Chat kam nicht rechtzeitig, darum wurde der Zugriff zurückgegeben.',
      next: 'Bitte im Chat um einen neuen Link und versuch es noch einmal.',
    },
    provider: {
      title: 'Der Anbieter hat es nicht angenommen',
      what: 'Seine Antwort war nicht zu gebrauchen. Du kannst nichts dafür, und es wurde nichts verbunden.',
      next: 'Bitte im Chat um einen neuen Link. Passiert es wieder, sag es den Betreibern des Bots.',
    },
    unavailable: {
      title: 'Gerade geht es nicht',
      what: 'Ein Teil, der gebraucht wird, antwortet nicht. Es ist nichts verloren.',
      next: 'Warte eine Minute und versuch es wieder, oder bitte im Chat um einen neuen Link.',
    },
    rateLimited: {
      title: 'Zu viele Versuche',
      what: 'Das wurde in kurzer Zeit zu oft versucht.',
      next: 'Warte eine Minute und versuch es wieder.',
    },
    unknownProvider: {
      title: 'Das lässt sich hier nicht verbinden',
      what: 'Ein Anbieter dieses Namens ist nicht eingerichtet.',
      next: 'Prüf den Link oder bitte im Chat um einen neuen.',
    },
    notFound: {
      title: 'Diese Seite gibt es nicht',
      what: 'Die Adresse führt nirgendwohin.',
      next: 'Öffne noch einmal den Link aus dem Chat oder bitte dort um einen neuen.',
    },
    forbidden: {
      title: 'Das wurde nicht angenommen',
      what: 'Das Formular kam nicht von der Seite, die hier offen ist. Es wurde nichts geändert.',
      next: 'Geh zurück, lade die Seite neu und wiederhole den Schritt.',
    },
    internal: {
      title: 'Etwas ging schief',
      what: 'Der Fehler liegt bei uns. Es wurde nichts verbunden.',
      next: 'Versuch es noch einmal. Passiert es wieder, sag es den Betreibern des Bots.',
    },
    noSession: {
      title: 'Bitte komm über den Chat herein',
      what: 'Diese Seite öffnet sich nur mit einem frischen Link.',
      next: 'Frag im Chat nach deinen Verbindungen und öffne den Link.',
    },
    left: {
      title: 'Du bist draußen',
      what: 'Deine Verbindungen sind in diesem Browser geschlossen. Was verbunden ist, bleibt verbunden.',
      next: 'Um zurückzukommen, bitte im Chat um einen neuen Link.',
    },
  },
};
