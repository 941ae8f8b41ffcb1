//! Lists that AWS answers in pages: asked one after the other, each handed on as it arrives.

use std::future::{Future, Ready, ready};

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::sync::mpsc;

use super::site::Connection;
use crate::domain::Problem;

/// The rows that were read, and whether that is all there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order in which AWS gave them.
    pub rows: Vec<T>,
    /// Is this all? If not, a limit of pages was reached: show "first N of more".
    pub complete: bool,
}

/// Where pages go as they arrive. Few are kept waiting, so that a slow reader holds the asking back and memory stays flat.
pub type Sink<T> = mpsc::Sender<Vec<T>>;

/// Takes every page into `rows`.
pub(super) fn keep<T>(rows: &mut Vec<T>) -> impl FnMut(Vec<T>) -> Ready<bool> {
    |page| {
        rows.extend(page);
        ready(true)
    }
}

/// One list of pages.
pub(super) struct Pages<'a, Ask, Token, Rows> {
    pub connection: &'a Connection,
    pub operation: &'static str,
    /// At most so many are read, at least one.
    pub pages: usize,
    /// Asks for the page of a token.
    pub ask: Ask,
    /// The token of the next page, if there is one.
    pub token: Token,
    /// A page's rows.
    pub rows: Rows,
}

impl<Ask, Token, Rows> Pages<'_, Ask, Token, Rows> {
    /// Reads all of it into one list.
    ///
    /// # Errors
    /// The first page that fails, fails the whole: half a list that looks whole would mislead.
    pub async fn gather<Page, T, E, F>(self) -> Result<Listing<T>, Problem>
    where
        Ask: Fn(Option<String>) -> F,
        F: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        Token: Fn(&Page) -> Option<String>,
        Rows: Fn(Page) -> Vec<T>,
    {
        let mut rows = Vec::new();
        let complete = self.each(keep(&mut rows)).await?;
        Ok(Listing { rows, complete })
    }

    /// Hands each page on until `deliver` wants no more; whether that was all. The next page is asked for before the present one is
    /// worked on: the network and this machine work side by side.
    ///
    /// # Errors
    /// The first page that fails ends it; those before it were handed on.
    pub async fn each<Page, T, E, F, D>(self, mut deliver: impl FnMut(Vec<T>) -> D) -> Result<bool, Problem>
    where
        Ask: Fn(Option<String>) -> F,
        F: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
        Token: Fn(&Page) -> Option<String>,
        Rows: Fn(Page) -> Vec<T>,
        D: Future<Output = bool>,
    {
        let ask = async |token: Option<String>| self.connection.ask(self.operation, || (self.ask)(token.clone())).await;
        // An empty token is none: some stand-ins for AWS write it so.
        let next_token = |page: &Page| (self.token)(page).filter(|token| !token.is_empty());
        let mut page = ask(None).await?;
        for _ in 1..self.pages.max(1) {
            let Some(token) = next_token(&page) else { break };
            let (next, wanted) = tokio::join!(ask(Some(token)), async { deliver((self.rows)(page)).await });
            if !wanted {
                return Ok(false);
            }
            page = next?;
        }
        let complete = next_token(&page).is_none();
        Ok(deliver((self.rows)(page)).await && complete)
    }
}

/// The same for lists that are short, with the SDK's own paginator. Reads at most `pages` pages (at least one). `take` moves a page's rows into the list and says whether AWS has more; `turn` is waited for before each page.
///
/// # Errors
/// The first page that fails, fails the whole: half a list that looks whole would mislead.
pub(super) async fn gather<Page, T, E, W: Future<Output = ()>>(
    mut stream: PaginationStream<Result<Page, E>>,
    pages: usize,
    mut take: impl FnMut(Page, &mut Vec<T>) -> bool,
    turn: impl Fn() -> W,
) -> Result<Listing<T>, E> {
    let mut rows = Vec::new();
    for _ in 0..pages.max(1) {
        turn().await;
        let Some(page) = stream.next().await else { return Ok(Listing { rows, complete: true }) };
        if !take(page?, &mut rows) {
            return Ok(Listing { rows, complete: true });
        }
    }
    Ok(Listing { rows, complete: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_async::future::pagination_stream::fn_stream::FnStream;

    fn numbers() -> PaginationStream<Result<(Vec<u8>, bool), String>> {
        PaginationStream::new(FnStream::new(|tx| {
            Box::pin(async move {
                for page in [(vec![1, 2], true), (vec![], true), (vec![3], false)] {
                    if tx.send(Ok(page)).await.is_err() {
                        return;
                    }
                }
            })
        }))
    }

    fn take(page: (Vec<u8>, bool), rows: &mut Vec<u8>) -> bool {
        rows.extend(page.0);
        page.1
    }

    #[tokio::test]
    async fn a_list_cut_at_the_limit_says_that_there_is_more() {
        assert_eq!(gather(numbers(), 2, take, || ready(())).await, Ok(Listing { rows: vec![1, 2], complete: false }));
    }

    #[tokio::test]
    async fn a_list_that_ends_within_the_limit_is_complete() {
        assert_eq!(gather(numbers(), 3, take, || ready(())).await, Ok(Listing { rows: vec![1, 2, 3], complete: true }));
    }

    #[tokio::test]
    async fn a_page_that_fails_fails_the_list() {
        let stream = PaginationStream::new(FnStream::new(|tx| {
            Box::pin(async move {
                let _ = tx.send(Ok((vec![1], true))).await;
                let _ = tx.send(Err("throttled".to_owned())).await;
            })
        }));
        assert_eq!(gather(stream, 9, take, || ready(())).await, Err("throttled".to_owned()));
    }
}
