import type { LegalText } from '../en/legal'

export const legal: Record<'privacy' | 'terms', LegalText> = {
  privacy: {
    title: 'Datenschutz',
    heading: 'Datenschutzhinweis',
    lead: 'Was diese Installation von chatmood aufbewahrt, warum und wie lange. Verantwortlich ist, wer sie betreibt; schreib auf der Kontaktseite.',
    sections: [
      [
        'Chat, der analysiert wird',
        [
          'chatmood liest den öffentlichen Chat der Kanäle, die seine Benutzer nennen, so wie jeder Besucher von Twitch ihn sieht, ohne Konto.',
          'Von einer laufenden Analyse liegen die letzten paar tausend Nachrichten im Speicher und werden live gezeigt. Aufbewahrt werden Zählungen, der Lauf von Stimmung und Rate, Wörter und Emotes, Texte, die viele wiederholt haben, und die Namen derer, die am meisten schrieben. Einzelne Nachrichten werden nicht aufbewahrt.',
          'Eine Nachricht, die auf Twitch entfernt wird, wird auch hier gestrichen und aus den Zählungen genommen.',
        ],
      ],
      [
        'Dein Konto',
        [
          'Ein Konto enthält deinen Namen, deine E-Mail-Adresse, dein Passwort in unkenntlicher Form, ein Bild, wenn du eines setzt, deine Anmeldungen (Zeit, Netzadresse, Browser) und die Analysen, Notizen und Schlagwörter, die du gespeichert hast.',
          'Ein Protokoll dessen, was getan wurde (Anmelden, Speichern, Löschen und dergleichen), hilft der Verwaltung, Fehler und Missbrauch zu finden.',
          'In den Einstellungen kannst du alles mitnehmen und dein Konto löschen. Damit verschwinden deine Analysen und geteilten Links sofort, und dein Name aus dem Protokoll.',
        ],
      ],
      [
        'Cookies und dieser Browser',
        [
          'Zwei Cookies halten dich angemeldet; ein weiteres kennzeichnet den Browser von jemandem, der ohne Anmeldung einen Kanal analysiert. Sie gehen nur an diesen Server, und kein Skript kann sie lesen. Andere gibt es nicht.',
          'Der Browser merkt sich Farben, Sprache, ob einzelne Tasten Kürzel sind, ob Emotes als Bilder gezeigt werden, und, solange du angemeldet bist, ein kurzlebiges Zugangstoken für eigene Programme.',
          'Die Seiten laden nichts von anderen und erzählen niemandem, dass du hier warst, außer du wählst Bilder von Emotes, wo die Betreiber sie erlauben: Die kommen von den Servern von Twitch oder denen, die beim Schalter genannt sind, und diese sehen dann deine Netzadresse.',
        ],
      ],
      [
        'Andere',
        [
          'Mail geht über den Maildienst der Betreiber. Haben sie ein Sprachmodell für Zusammenfassungen eingerichtet, bekommt es die Zahlen einer Analyse; Chattext nur, wo sie auch das erlaubt haben.',
          'Ein geteilter Link zeigt seinen Bericht jedem, der ihn hat, bis er abläuft oder du ihn zurücknimmst. Du wählst, ob er Personen nennt.',
        ],
      ],
    ],
  },
  terms: {
    title: 'Bedingungen',
    heading: 'Nutzungsbedingungen',
    lead: 'Die Regeln dieser Installation. Die Betreiber können sie ändern.',
    sections: [
      [
        'Wer sie benutzen darf',
        [
          'Du bist mindestens 14 Jahre alt, gibst eine eigene Adresse an und behältst dein Passwort für dich.',
        ],
      ],
      [
        'Wofür sie da ist',
        [
          'chatmood fasst zusammen, wie sich ein öffentlicher Chat anfühlt. Seine Bewertungen sind Schätzungen: viele einzelne sind falsch. Beurteile, bestrafe oder entlarve niemanden danach.',
          'Benutze es nicht, um Menschen zu verfolgen, zu belästigen oder auszuforschen, oder gegen die Regeln von Twitch.',
          'Teile Berichte nicht so, dass Genannte an den Pranger gestellt werden.',
        ],
      ],
      [
        'Was du erwarten darfst',
        [
          'Der Dienst wird angeboten, wie er ist. Er kann geändert, unterbrochen oder beendet werden; exportiere, was du behalten willst.',
          'Konten, die andere oder den Server stören, können gesperrt werden.',
        ],
      ],
    ],
  },
}
