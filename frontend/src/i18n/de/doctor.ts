/**
 * What `chatmood doctor` says, in German. The server speaks English, and so does
 * its command line; a sentence that is not here stays as it came. What stands
 * for `$1` and so on is looked up as well.
 */
const exact: Record<string, string> = {
  // Checks.
  settings: 'Einstellungen',
  'token lifetime': 'Gültigkeit der Token',
  environment: 'Umgebung',
  certificates: 'Zertifikate',
  'front-end': 'Oberfläche',
  clock: 'Uhr',
  disk: 'Festplatte',
  'open files': 'Offene Dateien',
  database: 'Datenbank',
  'mail server': 'Mailserver',
  bus: 'Bus',
  'a message from Twitch to a viewer': 'Eine Nachricht von Twitch bis zum Zuschauer',
  // Why they matter.
  'The server does not start with settings that it cannot use.':
    'Mit Einstellungen, die er nicht brauchen kann, startet der Server nicht.',
  'Whoever guesses it signs in as anybody.': 'Wer ihn errät, meldet sich als jede beliebige Person an.',
  'A stolen token is good until it expires.': 'Ein gestohlener Token gilt, bis er abläuft.',
  'A development server lets guests in and shows codes in its log.':
    'Ein Server für die Entwicklung lässt Gäste herein und zeigt Codes in seinem Protokoll.',
  'Links in mails point there, and only its pages may call the API.':
    'Links in Mails führen dorthin, und nur Seiten von dort dürfen die API aufrufen.',
  'Limits by address count the proxy instead of people where it is not named; strangers choose their address where everybody is.':
    'Ist der Proxy nicht genannt, gelten Grenzen je Adresse für ihn statt für Personen; sind alle genannt, sucht sich jeder Fremde seine Adresse aus.',
  'Browsers refuse a server whose certificate is missing or has expired.':
    'Browser lehnen einen Server ab, dessen Zertifikat fehlt oder abgelaufen ist.',
  'People need the page.': 'Ohne die Seite sieht niemand etwas.',
  'Tokens and one-time codes are good for minutes.': 'Token und Einmalcodes gelten nur Minuten.',
  'On a full disk nothing more is kept.': 'Auf einer vollen Festplatte wird nichts mehr aufbewahrt.',
  'Each viewer needs one.': 'Jeder Zuschauer braucht eine.',
  'Accounts, history and running analyses are in it.': 'Darin sind Konten, Verlauf und laufende Analysen.',
  'Without mail nobody can prove an address or reset a password.':
    'Ohne Mail kann niemand seine Adresse nachweisen oder ein Passwort zurücksetzen.',
  'Chat comes from there.': 'Von dort kommt der Chat.',
  'Everything that viewers see goes over it.': 'Alles, was Zuschauer sehen, läuft darüber.',
  'It shows that this program works on this machine, apart from all that surrounds it.':
    'Das zeigt, dass dieses Programm auf diesem Rechner funktioniert, unabhängig von allem darum herum.',
  // What was seen.
  'the settings cannot be used': 'die Einstellungen sind nicht brauchbar',
  'all can be used': 'alle sind brauchbar',
  'development makes one and keeps it in DATA_DIR':
    'in der Entwicklung wird einer gemacht und in DATA_DIR aufbewahrt',
  production: 'Betrieb',
  'development, reachable from this machine only': 'Entwicklung, nur von diesem Rechner aus erreichbar',
  'everybody is believed to be a proxy': 'jeder gilt als Proxy',
  'none is named': 'keiner ist genannt',
  'it is in the program': 'sie steckt im Programm',
  'the program was built without the page': 'das Programm wurde ohne die Seite gebaut',
  'this system does not tell whether it is synchronised': 'dieses System sagt nicht, ob sie abgeglichen wird',
  'it is not synchronised with others': 'sie wird nicht mit anderen abgeglichen',
  synchronised: 'abgeglichen',
  'this system does not tell the limit': 'dieses System nennt die Grenze nicht',
  'MongoDB answers, its indexes are there (chatmood migrate --check tells what it contains)':
    'MongoDB antwortet, seine Indexe sind da (chatmood migrate --check sagt, was darin ist)',
  'there is none yet: the first start makes it': 'es gibt noch keine: der erste Start legt sie an',
  'it is too large to be read whole in a minute': 'sie ist zu groß, um sie in einer Minute ganz zu lesen',
  'MAIL=off: nobody is mailed': 'MAIL=off: niemand bekommt Mail',
  'development writes mails into DATA_DIR/outbox': 'in der Entwicklung kommen Mails nach DATA_DIR/outbox',
  'TWITCH_IRC_URL cannot be read': 'TWITCH_IRC_URL ist nicht lesbar',
  'inside the process': 'innerhalb des Prozesses',
  // What the parts say of themselves in the overview.
  'the NATS server cannot be reached': 'der NATS-Server ist nicht erreichbar',
  'the analyses are not resumed yet': 'die Analysen sind noch nicht wieder aufgenommen',
  'what ran before is being resumed': 'was zuvor lief, wird wieder aufgenommen',
  'no channel can be read: the link to Twitch is down':
    'kein Kanal lässt sich lesen: die Verbindung zu Twitch steht nicht',
  'the NATS server answers': 'der NATS-Server antwortet',
  'none: a proxy in front speaks https': 'keine: davor spricht ein Proxy https',
  'none: this server speaks plain http': 'keine: dieser Server spricht einfaches http',
  // What mends it.
  'correct them in the environment or in .env; README.md lists all settings':
    'in der Umgebung oder in .env berichtigen; README.md nennt alle Einstellungen',
  'ACCESS_TOKEN_MINUTES=30: pages renew their tokens by themselves':
    'ACCESS_TOKEN_MINUTES=30: Seiten erneuern ihre Token von selbst',
  'set ENVIRONMENT=production, or HOST=127.0.0.1': 'ENVIRONMENT=production setzen, oder HOST=127.0.0.1',
  'put a proxy with certificates in front and use https://':
    'einen Proxy mit Zertifikaten davorsetzen und https:// benutzen',
  'behind a proxy: TRUSTED_PROXIES=127.0.0.1/32, or its address; without one this is right':
    'hinter einem Proxy: TRUSTED_PROXIES=127.0.0.1/32 oder seine Adresse; ohne einen ist es richtig so',
  'build with make build': 'mit make build bauen',
  'set DATA_DIR to a folder': 'DATA_DIR auf einen Ordner setzen',
  'set DATA_DIR to a folder that this user may write to':
    'DATA_DIR auf einen Ordner setzen, in den dieser Benutzer schreiben darf',
  'free some space, or move DATA_DIR to a larger disk':
    'Platz schaffen, oder DATA_DIR auf eine größere Platte legen',
  'set it: timedatectl set-ntp true': 'stellen: timedatectl set-ntp true',
  'timedatectl set-ntp true (in a container: on the host)':
    'timedatectl set-ntp true (bei einem Container: auf dem Wirt)',
  'see docs/mongodb.md; can this machine reach it, and do user and password fit?':
    'siehe docs/mongodb.md; erreicht dieser Rechner sie, und stimmen Benutzer und Passwort?',
  'see docs/mongodb.md': 'siehe docs/mongodb.md',
  'look at it at leisure: chatmood backup checks it, too': 'in Ruhe ansehen: auch chatmood backup prüft sie',
  'put a backup in its place (chatmood restore), or look at the disk':
    'eine Sicherung einspielen (chatmood restore), oder nach der Platte sehen',
  'set EMAIL_SENDER and EMAIL_PASSWORD (and SMTP_HOST) if people shall register by themselves':
    'EMAIL_SENDER und EMAIL_PASSWORD (und SMTP_HOST) setzen, wenn sich Leute selbst registrieren sollen',
  'correct SMTP_HOST, SMTP_PORT or SMTP_TLS': 'SMTP_HOST, SMTP_PORT oder SMTP_TLS berichtigen',
  'chatmood mail test ADDRESS tries again and sends one':
    'chatmood mail test ADRESSE versucht es noch einmal und schickt eine',
  'leave it unset for Twitch itself': 'für Twitch selbst ungesetzt lassen',
  'leave TWITCH_IRC_URL unset': 'TWITCH_IRC_URL ungesetzt lassen',
  'check that it runs, and address and credentials in NATS_URL':
    'nachsehen, ob er läuft und ob Adresse und Zugang in NATS_URL stimmen',
  'please report this with the output of chatmood version':
    'bitte mit der Ausgabe von chatmood version melden',
  'give PEM files: the certificate with its chain, and its key without a password':
    'PEM-Dateien angeben: das Zertifikat mit seiner Kette, und seinen Schlüssel ohne Passwort',
  'get a new one into TLS_CERT_FILE; the server reads it by itself':
    'ein neues nach TLS_CERT_FILE legen; der Server liest es von selbst',
  'start the server, and let the ports 80 and 443 of that address lead to it; its log says how it went':
    'den Server starten und die Ports 80 und 443 jener Adresse zu ihm führen; sein Protokoll sagt, wie es ging',
  'let this user read DATA_DIR': 'diesen Benutzer DATA_DIR lesen lassen',
  'remove the file, and the server gets another one': 'die Datei löschen, dann holt der Server eine andere',
  'check the spelling, and the DNS entry of the name': 'Schreibweise und DNS-Eintrag des Namens prüfen',
  'check the network and the resolver (/etc/resolv.conf)':
    'Netz und Namensauflösung prüfen (/etc/resolv.conf)',
  'use http:// (or ws://, irc://) if that is meant, or the port of the encrypted service':
    'http:// (oder ws://, irc://) benutzen, wenn das gemeint ist, oder den Port des verschlüsselten Dienstes',
  'get a certificate for the name that is asked': 'ein Zertifikat für den gefragten Namen besorgen',
  'renew it; check the clocks': 'erneuern; die Uhren prüfen',
  'start it, or correct host and port': 'starten, oder Rechner und Port berichtigen',
  'check the network and its routes': 'Netz und Wege prüfen',
  'a firewall may drop the packets: let this port through; check host and port':
    'vielleicht verwirft eine Firewall die Pakete: diesen Port durchlassen; Rechner und Port prüfen',
  'check the address and the network': 'Adresse und Netz prüfen',
}

// With apostrophes, numbers and names in them.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/^(\d+) running$/, '$1 laufen'],
  [/^external, (\d+) servers$/, 'außerhalb, $1 Server'],
  [/^(\d+) of (\d+) channels live$/, '$1 von $2 Kanälen live'],
  [/^(\d+) analyses wait to be stored$/, '$1 Analysen sind noch zu speichern'],
  [/^(\d+) bytes$/, '$1 Byte'],
  [/^it has (\d+) bytes$/, 'er hat $1 Byte'],
  [/^all can be used; without a meaning any more: (.+)$/, 'alle sind brauchbar; ohne Bedeutung sind: $1'],
  [
    /^access tokens are good for (\d+) minutes, sign-ins for (\d+) days without use$/,
    'Zugangstoken gelten $1 Minuten, Anmeldungen ohne Benutzung $2 Tage',
  ],
  [
    /^development, and HOST=(.+) lets other machines in$/,
    'Entwicklung, und HOST=$1 lässt andere Rechner herein',
  ],
  [
    /^it is not set: links in mails point to the server's own address$/,
    'nicht gesetzt: Links in Mails führen zur eigenen Adresse des Servers',
  ],
  [
    /^FRONTEND_URL=https:\/\/the-address-that-people-type$/,
    'FRONTEND_URL=https://die-adresse-die-leute-eingeben',
  ],
  [/^not set: the server's own address$/, 'nicht gesetzt: die eigene Adresse des Servers'],
  [/^(.+) is not https$/, '$1 ist nicht https'],
  [/^name the proxy's own address: (TRUSTED_PROXIES=.+)$/, 'die eigene Adresse des Proxys nennen: $1'],
  [/^(\d+) named$/, '$1 genannt'],
  [/^DATA_DIR cannot be made: (.+)$/, 'DATA_DIR lässt sich nicht anlegen: $1'],
  [/^DATA_DIR cannot be written to: (.+)$/, 'in DATA_DIR lässt sich nicht schreiben: $1'],
  [
    /^let this user write to it: chown, or the unit's StateDirectory$/,
    'diesen Benutzer hineinschreiben lassen: chown, oder StateDirectory der Unit',
  ],
  [/^see the system's log$/, 'im Protokoll des Systems nachsehen'],
  [/^(.+) can be written to, ([\d.]+) GB free$/, '$1 ist beschreibbar, $2 GB frei'],
  [/^(.+) can be written to$/, '$1 ist beschreibbar'],
  [/^it says (.+)$/, 'sie zeigt $1'],
  [
    /^whole; (\d+) users, (\d+) saved analyses, (\d+) finished or running ones$/,
    'heil; $1 Konten, $2 gespeicherte Analysen, $3 beendete oder laufende',
  ],
  [
    /^(.+) answers, encrypts and accepts the sign-in$/,
    '$1 antwortet, verschlüsselt und nimmt die Anmeldung an',
  ],
  [
    /^(.+); a network that blocks it may let wss through: (TWITCH_IRC_URL=.+)$/,
    '$1; ein Netz, das ihn sperrt, lässt vielleicht wss durch: $2',
  ],
  [
    /^reached over a WebSocket; the server's log tells$/,
    'über einen WebSocket erreicht; das Protokoll des Servers sagt mehr',
  ],
  [/^(.+) welcomes readers$/, '$1 heißt Leser willkommen'],
  [/^connected, but (.+)$/, 'verbunden, aber $1'],
  [/^(.+) is no chat server of Twitch's$/, '$1 ist kein Chat-Server von Twitch'],
  [/^the NATS server does not answer: (.+)$/, 'der NATS-Server antwortet nicht: $1'],
  [
    /^simulated chat was judged and arrived, in (.+) from a cold start$/,
    'simulierter Chat wurde bewertet und kam an, $1 nach einem Kaltstart',
  ],
  [
    /^TLS_CERT_FILE and TLS_KEY_FILE are no pair that can be used: (.+)$/,
    'TLS_CERT_FILE und TLS_KEY_FILE passen nicht zusammen: $1',
  ],
  [/^there is no certificate, and (.+)$/, 'es gibt kein Zertifikat, und $1'],
  [
    /^there is no certificate yet; the name leads to (.+)$/,
    'es gibt noch kein Zertifikat; der Name führt zu $1',
  ],
  [/^(.+) holds no certificate$/, '$1 enthält kein Zertifikat'],
  [/^the certificate expired on (.+)$/, 'das Zertifikat lief am $1 ab'],
  [/^the certificate expires on (.+)$/, 'das Zertifikat läuft am $1 ab'],
  [/^good until (.+), from (.+)$/, 'gültig bis $1, von $2'],
  [
    /^see the server's log for why it is not renewed; let the ports 80 and 443 lead to it$/,
    'im Protokoll des Servers steht, warum es nicht erneuert wird; die Ports 80 und 443 zu ihm führen',
  ],
  [/^the name (.+) does not exist$/, 'den Namen $1 gibt es nicht'],
  [/^the name (.+) cannot be looked up$/, 'der Name $1 lässt sich nicht auflösen'],
  [/^(.+) does not speak TLS there$/, '$1 spricht dort kein TLS'],
  [
    /^the certificate of (.+) is signed by nobody whom this machine knows$/,
    'das Zertifikat von $1 hat niemand unterschrieben, den dieser Rechner kennt',
  ],
  [
    /^install a certificate of a public authority \(Let's Encrypt\), with its whole chain$/,
    'ein Zertifikat einer öffentlichen Stelle (Let’s Encrypt) einrichten, mit seiner ganzen Kette',
  ],
  [/^the certificate of (.+) is for another name$/, 'das Zertifikat von $1 gilt für einen anderen Namen'],
  [
    /^the certificate of (.+) has expired or is not valid yet$/,
    'das Zertifikat von $1 ist abgelaufen oder gilt noch nicht',
  ],
  [/^(.+) refuses connections: nothing listens there$/, '$1 lehnt Verbindungen ab: dort hört niemand'],
  [/^there is no way to (.+)$/, 'es gibt keinen Weg zu $1'],
  [/^(.+) does not answer in time$/, '$1 antwortet nicht rechtzeitig'],
  [/^(.+) cannot be reached: (.+)$/, '$1 ist nicht erreichbar: $2'],
  [/^at most (\d+), (\d+) viewers are allowed$/, 'höchstens $1; $2 Zuschauer sind erlaubt'],
  [
    /^raise the limit \(LimitNOFILE=(\d+) in the unit, ulimit -n\), or lower MAX_SOCKETS$/,
    'die Grenze anheben (LimitNOFILE=$1 in der Unit, ulimit -n), oder MAX_SOCKETS senken',
  ],
]

/** What the doctor says, in German where that is known, else as it came. */
export function doctorInGerman(text: string): string {
  const known = exact[text]
  if (known !== undefined) return known
  for (const [pattern, german] of patterns) {
    const found = pattern.exec(text)
    if (found !== null)
      return german.replace(/\$(\d)/g, (_all, n: string) => doctorInGerman(found[Number(n)] ?? ''))
  }
  return text
}
