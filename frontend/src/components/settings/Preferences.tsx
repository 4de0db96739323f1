import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { account } from '../../api/account'
import { useTheme, type ThemeChoice } from '../../hooks/useTheme'
import { language, languages, setLanguage, t, type Language } from '../../i18n'
import { timeZone } from '../../lib/format'
import { setEmotePictures, useEmotePictures } from '../../lib/emotePictures'
import { setShortcuts, useShortcutsOn } from '../../lib/shortcuts'
import { FormError, Select, Toggle } from '../form/fields'
import { ErrorState } from '../states'
import { Segmented } from '../ui'

const texts = t.settings.preferences
const key = ['user', 'preferences']

export function Preferences() {
  const queries = useQueryClient()
  const keysOn = useShortcutsOn()
  const { choice, choose } = useTheme()
  const pictures = useEmotePictures()
  const preferences = useQuery({ queryKey: key, queryFn: ({ signal }) => account.preferences(signal) })
  const change = useMutation({
    mutationFn: (autoSave: boolean) => account.setPreferences(autoSave),
    onMutate: (autoSave) => {
      queries.setQueryData(key, { auto_save: autoSave })
    },
    onSuccess: (told) => {
      queries.setQueryData(key, told)
    },
    onError: () => queries.invalidateQueries({ queryKey: key }),
  })
  return (
    <div className="flex flex-col gap-5">
      {preferences.isError ? (
        <ErrorState error={preferences.error} onRetry={() => void preferences.refetch()} />
      ) : (
        <Toggle
          label={texts.autoSave}
          hint={texts.autoSaveHint}
          checked={preferences.data?.auto_save === true}
          disabled={preferences.data === undefined}
          onChange={(on) => {
            change.mutate(on)
          }}
        />
      )}
      <FormError message={change.error?.message} />
      <Toggle label={texts.keys} hint={texts.keysHint} checked={keysOn} onChange={setShortcuts} />
      {pictures.host !== undefined && (
        <Toggle
          label={t.chat.pictures}
          hint={t.chat.picturesHint(pictures.host)}
          checked={pictures.on}
          onChange={setEmotePictures}
        />
      )}
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3">
        <span className="flex items-center gap-2">
          <span aria-hidden className="font-medium">
            {texts.theme}
          </span>
          <Segmented<ThemeChoice>
            label={texts.theme}
            value={choice}
            options={(['system', 'light', 'dark'] as const).map((v) => ({
              value: v,
              label: texts.themes[v],
            }))}
            onChange={choose}
          />
        </span>
        {Object.keys(languages).length > 1 && (
          <Select
            label={texts.language}
            value={language}
            options={Object.entries(languages)}
            onChange={(next) => {
              setLanguage(next as Language)
            }}
          />
        )}
      </div>
      <p className="text-muted">{texts.zone(timeZone())}</p>
    </div>
  )
}
