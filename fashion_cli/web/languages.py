"""The languages of the page, and every text that it shows in them.

A text may hold places in braces, which the page fills in. Where a number decides about the wording there is one text
per plural category of the language (Unicode's CLDR, as `Intl.PluralRules` names them): English `one` and `other`,
Korean `other` alone.
"""

from collections.abc import Mapping

DEFAULT_LANGUAGE = "en"

NAMES: Mapping[str, str] = {"en": "English", "ko": "한국어"}

_ENGLISH = {
    "title": "Fashion search",
    "skip": "Skip to the results",
    "languages": "Language",
    "no_script": "This page needs JavaScript. The same search is open to programs: see the REST API.",
    "api": "REST API",
    # words
    "words": "Search by words",
    "words_hint": "Name, brand or keyword",
    "words_hint_bare": "What it looks like: red dress",
    "go": "Search",
    # start
    "start_heading": "Find a garment by its photograph",
    "start_text": "Drop a photograph here, paste it with Ctrl + V, or choose one. Then draw a box around the garment "
    "that you mean.",
    "start_text_touch": "Choose or take a photograph. Then draw a box around the garment that you mean.",
    "choose": "Choose a photograph",
    "take": "Take a photograph",
    "privacy": "The photograph is sent to this server for the search and is not kept.",
    "drop": "Drop the photograph",
    "choose_again": "The photograph was kept in this page only. Choose it again to go on.",
    # photograph and box
    "photograph": "Your photograph",
    "reference": "More like this one",
    "by_photograph": "Search with a photograph",
    "picture": "The photograph that you search with",
    "scaled": "Scaled from {from} to {to} pixels before it was sent.",
    "reading": "Reading the photograph …",
    "box": "Box around the garment",
    "box_keys": "Arrow keys move the box, Shift and arrow keys change its size, plus and minus grow and shrink it, "
    "Alt makes the steps fine, Escape removes it.",
    "box_hint": "Draw a box around one garment.",
    "box_hint_set": "Drag the box or its corners. Arrow keys work too.",
    "box_add": "Add a box",
    "box_remove": "Whole photograph",
    "box_at": "Box from {left} to {right} % across and {top} to {bottom} % down",
    "box_none": "The whole photograph is searched",
    "another": "New photograph",
    "back": "Back",
    # tags
    "tags": "Like this, but …",
    "tags_text": "Seen on it. Change what should differ.",
    "tags_seen": "Seen: {tags}",
    "tags_none": "Nothing was recognised. A box around one garment may help.",
    "nothing_seen": "not clear",
    "style": "Style",
    "percent_of": "{tags} · {percent}",
    # filters
    "filters": "Filters",
    "filters_on": "Filters ({count})",
    "price": "Price",
    "price_from": "From",
    "price_to": "To",
    "price_bad": "The first price is above the second.",
    "price_note": "In the currency that most prices here are in.",
    "available": "Only what is available",
    "clear": "Clear all",
    "remove": "Remove: {name}",
    "price_between": "{from} to {to}",
    "price_above": "from {from}",
    "price_below": "up to {to}",
    # results
    "results": "Results",
    "results_words": "Results for “{words}”",
    "found.one": "{count} item",
    "found.other": "{count} items",
    "found_of": "{shown} of {found}",
    "found_among": "{found} {among}",
    "searched.one": "among {count} photograph",
    "searched.other": "among {count} photographs",
    "loading": "Searching …",
    "empty": "Nothing fits",
    "empty_filters": "No item fits these filters. Take one away or clear them.",
    "empty_words": "No item goes by these words. Try fewer or other words, or search with a photograph.",
    "empty_gallery": "No item looks like it.",
    "more": "Show more",
    "copies": "{count} copies",
    "same": "Same: {tags}",
    "same_wanted": "as you asked",
    "from_price": "from {price}",
    "sold_out": "Sold out",
    "gone": "No longer in the shop",
    "offers.one": "{count} offer",
    "offers.other": "{count} offers",
    "seen_at": "Prices of {date}",
    "columns_more.one": "{count} more",
    "columns_more.other": "{count} more",
    "new_tab": "opens in a new tab",
    "more_like": "More like this",
    "more_like_name": "More like this: {name}",
    "unnamed": "Garment",
    "no_picture": "The photograph cannot be shown",
    # troubles
    "again": "Try again",
    "failed": "That did not work",
    "error_words": "Nothing here goes by these words.",
    "did_you_mean": "Did you mean:",
    "error_network": "The server cannot be reached. Is it still running?",
    "error_unreadable": "This file is no photograph that the browser can read. JPEG, PNG, WebP, AVIF and GIF work;"
    " save HEIC as JPEG.",
    "error_no_file": "Only photographs can be dropped or pasted here. Save the picture first, then choose the file.",
    "error_400": "The server did not understand the question.",
    "error_401": "Sign in first.",
    "error_404": "It is no longer there.",
    "error_413": "The photograph is too large, even when scaled down.",
    "error_415": "The server does not read this kind of file.",
    "error_422": "The server cannot use what was sent.",
    "error_429": "Too many searches at once. Wait a moment.",
    "error_503": "The server is busy. Try again in a moment.",
    "error_other": "The server failed (error {status}).",
    # sign in
    "sign_in": "Sign in",
    "token": "Access token",
    "token_text": "This search is open to those who have its token.",
    "token_wrong": "This is not the token.",
    "guesses": "Too many wrong tokens. Wait a minute.",
    "sign_out": "Sign out",
    # groups of tags: their names in this language where the server knows no better
    "group.category": "Category",
    "group.colour": "Colour",
    "group.color": "Colour",
    "group.pattern": "Pattern",
    "group.gender": "For",
    "group.usage": "Occasion",
    "group.style": "Style",
    "group.season": "Season",
}

_KOREAN = {
    "title": "패션 검색",
    "skip": "결과로 건너뛰기",
    "languages": "언어",
    "no_script": "이 페이지에는 자바스크립트가 필요합니다. 프로그램에서는 같은 검색을 REST API로 쓸 수 있습니다.",
    "api": "REST API",
    "words": "검색어로 찾기",
    "words_hint": "상품명, 브랜드, 키워드",
    "words_hint_bare": "어떤 옷인지: 빨강 원피스",
    "go": "검색",
    "start_heading": "사진으로 옷을 찾아보세요",
    "start_text": "사진을 여기에 끌어다 놓거나 Ctrl + V로 붙여넣거나 파일을 선택하세요. "
    "그런 다음 찾고 싶은 옷에 상자를 그리세요.",
    "start_text_touch": "사진을 선택하거나 새로 찍으세요. 그런 다음 찾고 싶은 옷에 상자를 그리세요.",
    "choose": "사진 선택",
    "take": "사진 찍기",
    "privacy": "사진은 검색을 위해 이 서버로만 전송되며 저장되지 않습니다.",
    "drop": "사진을 놓으세요",
    "choose_again": "사진은 이 페이지에만 있었습니다. 계속하려면 다시 선택하세요.",
    "photograph": "내 사진",
    "reference": "이 상품과 비슷한 상품",
    "by_photograph": "사진으로 찾기",
    "picture": "검색에 쓰는 사진",
    "scaled": "{from}에서 {to}픽셀로 줄여서 보냈습니다.",
    "reading": "사진을 읽는 중 …",
    "box": "옷을 두른 상자",
    "box_keys": "방향키로 상자를 옮기고, Shift와 방향키로 크기를 바꿉니다. 더하기와 빼기는 상자를 키우고 줄이며, "
    "Alt를 함께 누르면 조금씩 움직이고, Esc는 상자를 없앱니다.",
    "box_hint": "옷 하나에 상자를 그리세요.",
    "box_hint_set": "상자나 모서리를 끌어 옮기세요. 방향키도 됩니다.",
    "box_add": "상자 추가",
    "box_remove": "사진 전체",
    "box_at": "상자: 가로 {left}–{right} %, 세로 {top}–{bottom} %",
    "box_none": "사진 전체로 검색합니다",
    "another": "다른 사진",
    "back": "뒤로",
    "tags": "비슷하지만 …",
    "tags_text": "알아본 특징입니다. 달라야 할 것을 바꾸세요.",
    "tags_seen": "알아본 특징: {tags}",
    "tags_none": "알아본 특징이 없습니다. 옷 하나에 상자를 그려 보세요.",
    "nothing_seen": "분명하지 않음",
    "style": "스타일",
    "percent_of": "{tags} · {percent}",
    "filters": "필터",
    "filters_on": "필터 ({count})",
    "price": "가격",
    "price_from": "최저",
    "price_to": "최고",
    "price_bad": "최저 가격이 최고 가격보다 높습니다.",
    "price_note": "이곳의 상품 대부분에 쓰인 통화 기준입니다.",
    "available": "구매 가능한 상품만",
    "clear": "모두 지우기",
    "remove": "지우기: {name}",
    "price_between": "{from}–{to}",
    "price_above": "{from} 이상",
    "price_below": "{to} 이하",
    "results": "검색 결과",
    "results_words": "“{words}” 검색 결과",
    "found.other": "상품 {count}개",
    "found_of": "{found} 가운데 {shown}개",
    "found_among": "{among} {found}",
    "searched.other": "사진 {count}장 중",
    "loading": "찾는 중 …",
    "empty": "맞는 상품이 없습니다",
    "empty_filters": "이 필터에 맞는 상품이 없습니다. 필터를 하나 빼거나 모두 지워 보세요.",
    "empty_words": "이 검색어에 맞는 상품이 없습니다. 다른 검색어나 사진으로 찾아보세요.",
    "empty_gallery": "비슷한 상품이 없습니다.",
    "more": "더 보기",
    "copies": "같은 사진 {count}장",
    "same": "같은 점: {tags}",
    "same_wanted": "원하신 대로",
    "from_price": "최저 {price}",
    "sold_out": "품절",
    "gone": "판매 종료",
    "offers.other": "판매처 {count}곳",
    "seen_at": "{date} 가격",
    "columns_more.other": "{count}개 더",
    "new_tab": "새 탭에서 열림",
    "more_like": "비슷한 상품",
    "more_like_name": "비슷한 상품: {name}",
    "unnamed": "의류",
    "no_picture": "사진을 표시할 수 없습니다",
    "again": "다시 시도",
    "failed": "문제가 생겼습니다",
    "error_words": "이 검색어로 부르는 것이 없습니다.",
    "did_you_mean": "혹시 이것을 찾으셨나요?",
    "error_network": "서버에 연결할 수 없습니다. 서버가 실행 중인지 확인하세요.",
    "error_unreadable": "브라우저가 읽을 수 없는 파일입니다. JPEG, PNG, WebP, AVIF, GIF를 쓸 수 있으며,"
    " HEIC는 JPEG로 저장해 주세요.",
    "error_no_file": "사진 파일만 끌어다 놓거나 붙여넣을 수 있습니다. 그림을 저장한 뒤 파일을 선택하세요.",
    "error_400": "서버가 요청을 이해하지 못했습니다.",
    "error_401": "먼저 로그인하세요.",
    "error_404": "더 이상 없는 상품입니다.",
    "error_413": "사진이 너무 큽니다. 줄여도 한도를 넘습니다.",
    "error_415": "서버가 읽을 수 없는 파일 형식입니다.",
    "error_422": "서버가 처리할 수 없는 요청입니다.",
    "error_429": "검색이 너무 잦습니다. 잠시 기다려 주세요.",
    "error_503": "서버가 바쁩니다. 잠시 뒤에 다시 시도하세요.",
    "error_other": "서버 오류입니다 (오류 {status}).",
    "sign_in": "로그인",
    "token": "접근 토큰",
    "token_text": "토큰이 있는 사람만 이 검색을 쓸 수 있습니다.",
    "token_wrong": "토큰이 맞지 않습니다.",
    "guesses": "잘못된 토큰이 너무 많이 입력되었습니다. 1분 뒤에 다시 시도하세요.",
    "sign_out": "로그아웃",
    "group.category": "종류",
    "group.colour": "색상",
    "group.color": "색상",
    "group.pattern": "무늬",
    "group.gender": "성별",
    "group.usage": "용도",
    "group.style": "스타일",
    "group.season": "계절",
}

TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "ko": _KOREAN}


def language_of(asked: str, accepted: str) -> str:
    """The language in which the page answers.

    Args:
        asked: What the address says (`?language=ko`); an unknown one counts as none.
        accepted: The header `Accept-Language`, as "ko-KR,ko;q=0.9,en;q=0.8".
    """
    if asked in TEXTS:
        return asked
    ranked = sorted(_preferences(accepted), key=lambda preference: -preference[1])  # stable: ties keep their order
    return next((language for language, weight in ranked if language in TEXTS and weight > 0), DEFAULT_LANGUAGE)


def _preferences(accepted: str) -> list[tuple[str, float]]:
    """Language without its region, and its weight in [0, 1]; what cannot be read weighs nothing."""
    found = []
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        found.append((tag.strip().lower().partition("-")[0], weight))
    return found
