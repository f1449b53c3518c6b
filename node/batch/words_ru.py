"""What a batch says, in Russian, as a department of radiology would."""

STAGES = {
    "waits": "в очереди",
    "start": "запуск",
    "model": "загрузка модели",
    "headers": "чтение заголовков",
    "choose": "выбор серии",
    "load": "чтение изображений",
    "predict": "сегментация",
    "identity": "сравнение с прежним",
    "compose": "составление отчёта",
    "write": "запись результатов",
    "send": "отправка",
    "done": "готово",
}

STATES = {
    "reported": "обработано",
    "not_applicable": "не подходит для модели",
    "failed": "ошибка",
    "no_study": "нет исследований",
    "not_read": "не начато: прервано",
    "kept": "обработано ранее",
}

FLAGS = {
    "completeness_unconfirmed": "полнота исследования не подтверждена",
    "nominal_geometry": "координаты срезов условные",
    "contrast_enhanced": "изображения с контрастным усилением",
    "thick_slices": "толстые срезы",
    "touches_border": "гиппокамп доходит до края изображений",
    "several_components": "отдельные фрагменты удалены",
    "high_entropy": "уверенность модели ниже, чем на испытаниях",
    "volume_implausible": "объём не соответствует гиппокампу",
    "outside_training_range": "объём вне диапазона обучающей выборки",
    "ratio_outside_training_range": "соотношение отделов вне диапазона выборки",
    "side_not_determinable": "сторона не определяется",
    "no_head_size": "без поправки на размер головы",
}

UNITS = {"mm3": "мм³", "mL": "мл", "s": "с"}

PLURALS = {
    "studies": ("{n} исследование", "{n} исследования", "{n} исследований"),
    "images": ("{n} изображение", "{n} изображения", "{n} изображений"),
    "more_rows": ("… и ещё {n} строка", "… и ещё {n} строки", "… и ещё {n} строк"),
    "other_series": ("ещё {n} серия", "ещё {n} серии", "ещё {n} серий"),
}

TEXTS = {
    "decimal_sign": ",",
    "seconds": "{s} с",
    "minutes": "{m} мин {s} с",
    "hours": "{h} ч {m} мин",
    "research": "Для научных исследований, не является диагнозом; врачом не проверено",
    "demonstration": "ДЕМОНСТРАЦИОННАЯ МОДЕЛЬ, не для пациентов",
    "sent_yes": "да",
    "sent_no": "нет: {why}",
    "sent_count": "Отправлено: {sent} из {of}",
    "sent_next": "Та же команда отправит остальное.",
    "sent_waiting": "пока не принято архивом",
    "found_wanted": "{found}; требуется: {wanted}",
    "series_reason": "серия {number}: {reason}",
    "unknown_reason": "Обработка не удалась: {code}.",
    "unknown_advice": "Подробности в журнале запуска.",
    "grade_only": "качество {grade}",
    "looking": "Поиск исследований",
    "reading": "Обработка",
    "elapsed": "прошло",
    "left": "осталось",
    "head_study": "Исследование",
    "head_model": "Модель",
    "head_outcome": "Итог",
    "head_grade": "Качество",
    "head_time": "Время",
    "head_studies": "Исследований",
    "head_started": "Начало",
    "head_ended": "Окончание",
    "head_root": "Папка",
    "head_command": "Команда",
    "head_program": "Программа",
    "head_processor": "Процессор",
    "head_cores": "Ядер",
    "head_workers": "Процессов",
    "head_note": "Примечание",
    "model_named": "{name} {version}, веса {weights}",
    "closing": "{studies} за {time}: {counts}.",
    "closing_nothing": "Исследований не найдено.",
    "head_spreadsheet": "Таблица",
    "head_results": "Результаты",
    "more_in": "{more}, все в {file}",
    "head_series": "Серия",
    "head_because": "Основание",
    "head_flags": "Замечания",
    "head_sent": "Отправлено",
    "head_why": "Причина",
    "head_advice": "Что делать",
    "head_not_read": "Не читались",
    "grade_A": "A, хорошее",
    "grade_B": "B, с оговорками",
    "grade_C": "C, недостоверно",
}

PARTS = {
    "Hippocampal volumetry": "Волюметрия гиппокампа",
    "Anterior hippocampus": "Передний гиппокамп",
    "Posterior hippocampus": "Задний гиппокамп",
    "Hippocampus": "Гиппокамп",
    "anterior": "передний",
    "posterior": "задний",
    "total": "всего",
}
"""What is measured, by the first half of a column's name (models/*/bundle.json)."""
