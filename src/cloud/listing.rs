//! Lists that AWS answers in pages, read up to a limit.

use aws_smithy_async::future::pagination_stream::PaginationStream;

/// The rows that were read, and whether that is all there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order in which AWS gave them.
    pub rows: Vec<T>,
    /// Is this all? If not, a limit of pages was reached: show "first N of more".
    pub complete: bool,
}

impl<T> Listing<T> {
    /// Both lists, one after the other; complete if both are.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self.complete &= other.complete;
        self
    }
}

/// Reads at most `pages` pages (at least one). `take` moves a page's rows into the list and says whether AWS has more.
///
/// # Errors
/// The first page that fails, fails the whole: half a list that looks whole would mislead.
pub(super) async fn gather<Page, T, E>(
    mut stream: PaginationStream<Result<Page, E>>,
    pages: usize,
    mut take: impl FnMut(Page, &mut Vec<T>) -> bool,
) -> Result<Listing<T>, E> {
    let mut rows = Vec::new();
    for _ in 0..pages.max(1) {
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
        assert_eq!(gather(numbers(), 2, take).await, Ok(Listing { rows: vec![1, 2], complete: false }));
    }

    #[tokio::test]
    async fn a_list_that_ends_within_the_limit_is_complete() {
        assert_eq!(gather(numbers(), 3, take).await, Ok(Listing { rows: vec![1, 2, 3], complete: true }));
    }

    #[tokio::test]
    async fn a_page_that_fails_fails_the_list() {
        let stream = PaginationStream::new(FnStream::new(|tx| {
            Box::pin(async move {
                let _ = tx.send(Ok((vec![1], true))).await;
                let _ = tx.send(Err("throttled".to_owned())).await;
            })
        }));
        assert_eq!(gather(stream, 9, take).await, Err("throttled".to_owned()));
    }
}
