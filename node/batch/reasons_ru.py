"""Why a study at the desk has no result, in Russian."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from node.report.notice_words import Words

EXPORT_AGAIN = "Выгрузите исследование заново и повторите команду."
COPY_AGAIN = "Скопируйте или выгрузите его заново и повторите команду."
SEE_LOG = "Повторите команду; если не поможет, передайте разработчику журнал запуска."
CHECK_SERIES = (
    "Проверьте, что серия полная и получена за одно сканирование; исправьте её или "
    "выгрузите заново."
)
OTHER_SERIES = "Ничего делать не нужно, если такая серия и не ожидалась."

REASONS: Mapping[str, Words] = MappingProxyType(
    {
        # Исследование
        "identity_conflict": Words(
            "В исследовании лежат изображения разных пациентов или исследований.",
            "Выясните, чьи это изображения, и разложите исследования по папкам.",
        ),
        "conflicting_instances": Words(
            "Часть изображений встречается дважды с одним идентификатором и разным "
            "содержимым.",
            "Выясните, какие из них верные, и уберите остальные из папки.",
        ),
        "no_readable_images": Words(
            "Ни одно изображение исследования не читается.", EXPORT_AGAIN
        ),
        "file_missing": Words(
            "Изображение исчезло до того, как его прочитали.", EXPORT_AGAIN
        ),
        "damaged_file": Words(
            "Среди изображений серии лежит повреждённый файл.", EXPORT_AGAIN
        ),
        "no_complete_study": Words("Запись об исследовании неполная.", EXPORT_AGAIN),
        "no_study": Words(
            "Исследований здесь не найдено.",
            "Укажите папку или архив ZIP, где лежат изображения DICOM.",
        ),
        # Изображения
        "pixels_damaged": Words("Пиксельные данные повреждены.", EXPORT_AGAIN),
        "pixels_unsupported": Words(
            "Формат изображений не поддерживается, например цветные изображения.",
            "Возьмите исходные изображения в оттенках серого.",
        ),
        "pixels_too_large": Words(
            "Заявленный размер изображения неправдоподобен.", EXPORT_AGAIN
        ),
        "constant_image": Words("Изображения пустые.", CHECK_SERIES),
        "not_finite": Words(
            "В изображениях есть значения, не являющиеся числами.", CHECK_SERIES
        ),
        # Геометрия
        "missing_position": Words("Не указано положение срезов.", CHECK_SERIES),
        "missing_spacing": Words("Не указан размер пикселя.", CHECK_SERIES),
        "single_slice": Words("В серии только один срез.", CHECK_SERIES),
        "not_an_image": Words("Серия содержит не изображения.", CHECK_SERIES),
        "mixed_matrix": Words("У изображений разный размер матрицы.", CHECK_SERIES),
        "mixed_spacing": Words("У изображений разный размер пикселя.", CHECK_SERIES),
        "mixed_orientation": Words("Срезы не параллельны.", CHECK_SERIES),
        "invalid_orientation": Words("Ориентация срезов невозможна.", CHECK_SERIES),
        "duplicate_position": Words(
            "Несколько срезов в одном и том же положении.", CHECK_SERIES
        ),
        "several_acquisitions": Words(
            "В одной серии несколько сканирований.", CHECK_SERIES
        ),
        "gantry_tilt": Words("Гентри было наклонено.", CHECK_SERIES),
        "slice_gap": Words(
            "Часть срезов отсутствует, или расстояния между ними разные.", CHECK_SERIES
        ),
        "not_in_slice_order": Words("Порядок срезов не определяется.", CHECK_SERIES),
        "geometry": Words("Срезы не образуют регулярной решётки.", CHECK_SERIES),
        "multi_frame_unsupported": Words(
            "Серия записана многокадровым объектом такого вида, который не читается.",
            "Выгрузите серию отдельными изображениями.",
        ),
        # Серия
        "no_series_accepted": Words(
            "В исследовании нет серии того вида, который читает модель.", OTHER_SERIES
        ),
        "modality": Words("Другая модальность.", OTHER_SERIES),
        "description": Words("Серия другого вида.", OTHER_SERIES),
        "series_not_accepted": Words(
            "Серия не того вида, который читает модель.", OTHER_SERIES
        ),
        "plane": Words("Срезы лежат в другой плоскости.", OTHER_SERIES),
        "image_type": Words(
            "Это локалайзер, реформат или подобное, а не само сканирование.",
            OTHER_SERIES,
        ),
        "slice_count": Words(
            "В серии слишком мало или слишком много срезов.", CHECK_SERIES
        ),
        "matrix": Words("Матрица слишком мала или слишком велика.", OTHER_SERIES),
        "spacing": Words(
            "Слишком толстые срезы или слишком крупные пиксели.", OTHER_SERIES
        ),
        "own_output": Words("Серия сама является результатом ИИ-узла.", OTHER_SERIES),
        "not_chosen": Words("Прочитана другая серия исследования.", OTHER_SERIES),
        "demonstration_off": Words(
            "Это демонстрационная модель, и её ответы здесь не разрешены.",
            "Если её ответы нужны, разрешите демонстрации в node.toml.",
        ),
        # Грудная клетка
        "not_ct": Words("Это не изображения КТ.", OTHER_SERIES),
        "not_axial": Words("Срезы не аксиальные.", OTHER_SERIES),
        "too_few_slices": Words("В серии слишком мало срезов.", OTHER_SERIES),
        "slices_too_thick": Words("Срезы слишком толстые.", OTHER_SERIES),
        "not_hounsfield": Words("Значения не в единицах Хаунсфилда.", OTHER_SERIES),
        "no_lungs": Words("Лёгких на изображениях нет.", OTHER_SERIES),
        "one_lung": Words("Лёгкое видно слишком мало.", OTHER_SERIES),
        "lungs_not_split": Words("Лёгкие не удалось разделить.", OTHER_SERIES),
        "lungs_not_covered": Words("Видна только часть лёгких.", OTHER_SERIES),
        "lungs_too_low": Words(
            "По высоте то, что похоже на лёгкие, слишком мало для грудной клетки.",
            OTHER_SERIES,
        ),
        "lungs_shape": Words(
            "То, что похоже на лёгкие, по форме на них не похоже.", OTHER_SERIES
        ),
        "field_of_view": Words("Видна только часть грудной клетки.", OTHER_SERIES),
        "body_cut": Words("Тело обрезано краем изображения.", OTHER_SERIES),
        "no_soft_tissue": Words("Тела на изображениях нет.", OTHER_SERIES),
        "no_bone": Words("Костей грудной клетки не видно.", OTHER_SERIES),
        "no_vessels": Words("В том, что похоже на лёгкие, нет сосудов.", OTHER_SERIES),
        # Компьютер
        "interrupted": Words(
            "Запуск прерван, исследование не обработано до конца.",
            "Повторите команду: готовое второй раз не обрабатывается.",
        ),
        "no_space": Words(
            "На диске с результатами нет места.",
            "Освободите место и повторите команду.",
        ),
        "deadline_exceeded": Words("Обработка заняла слишком много времени.", SEE_LOG),
        "out_of_memory": Words(
            "Для обработки не хватило памяти.", "Повторите команду с --workers 1."
        ),
        "worker_died": Words(
            "Обработка аварийно завершилась.",
            "Повторите команду с --workers 1: возможно, не хватило памяти; если не "
            "поможет, передайте разработчику журнал запуска.",
        ),
        "no_worker": Words("Обработку не удалось запустить.", SEE_LOG),
        "internal_error": Words("Обработку прервала непредвиденная ошибка.", SEE_LOG),
        "result_conflict": Words("Результат не удалось записать в журнал.", SEE_LOG),
        "model_unavailable": Words("Модель не загружается.", SEE_LOG),
        "invalid_findings": Words("Результат противоречит изображениям.", SEE_LOG),
        "findings_off_grid": Words("Результат противоречит изображениям.", SEE_LOG),
        "destination_removed": Words(
            "Адресата больше нет в настройках.", "Укажите его: --to AET@HOST:PORT."
        ),
        "results_with_images": Words(
            "Изображения лежат среди результатов запуска, где ничего не читается.",
            "Перенесите их в отдельную папку.",
        ),
        # Файлы
        "not_dicom": Words("Файлы не в формате DICOM.", EXPORT_AGAIN),
        "damaged": Words("Файлы повреждены.", EXPORT_AGAIN),
        "empty": Words("Файлы пустые.", EXPORT_AGAIN),
        "missing_uid": Words(
            "В файлах не указано, к какому исследованию они относятся.", EXPORT_AGAIN
        ),
        "inflates_too_far": Words(
            "Заявленный размер файла неправдоподобен.", EXPORT_AGAIN
        ),
        "unreadable": Words(
            "Файлы не читаются.", "Откройте доступ к ним этому пользователю."
        ),
        # Архивы ZIP
        "zip_encrypted": Words(
            "Архив ZIP защищён паролем.", "Распакуйте его и укажите папку."
        ),
        "zip_damaged": Words("Архив ZIP обрезан или повреждён.", COPY_AGAIN),
        "not_a_zip": Words(
            "Файл не является архивом ZIP, хотя так назван.",
            "Распакуйте его той программой, которой он упакован, и укажите папку.",
        ),
        "zip_empty": Words("Архив ZIP пуст.", COPY_AGAIN),
        "zip_preamble": Words(
            "В файле перед архивом ZIP лежит что-то другое.",
            "Упакуйте изображения в новый архив ZIP.",
        ),
        "zip_bomb": Words("Заявленный объём архива ZIP неправдоподобен.", EXPORT_AGAIN),
        "zip_too_many_files": Words(
            "В архиве ZIP слишком много файлов.",
            "Упакуйте в один архив меньше исследований.",
        ),
        "zip_nested": Words(
            "Архив ZIP вложен слишком глубоко в другие архивы.",
            "Распакуйте внешние архивы и укажите папку.",
        ),
        "zip_compression": Words(
            "Архив ZIP упакован способом, который здесь не читается.",
            "Упакуйте изображения в обычный архив ZIP (Deflate).",
        ),
        "zip_other_kind": Words(
            "Файл является архивом другого вида.", "Распакуйте его и укажите папку."
        ),
        "zip_duplicate": Words(
            "То же самое лежит и в другом архиве ZIP и прочитано там.",
            "Ничего делать не нужно.",
        ),
    }
)
"""Reason code → words; a test compares the codes with those in the source."""
